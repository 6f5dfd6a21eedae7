"""Limits at every level, beside the hot checks of the gate: what `[risk.controls]` asks for, else nothing.

An order that has passed `risk.checks` meets its scopes: the daemon, its account, venue, asset class, currency, groups,
instrument and strategy, each with the limits that a person set there. What an order may do counts in full at once,
before any answer of a venue, in one base currency.

For: limits of value, frequency and permission at the levels daemon, account, venue, class, currency, group, instrument
and strategy, and what was traded today.
May import: the gate's records and words (`risk.facts`, `risk.account_checks`, `risk.control_settings`), oms, core.
Refuses: constructing approved commands, deciding anything by a clock of its own.
"""
