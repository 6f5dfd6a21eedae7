"""Which settings decide what is traded, and their hash: what a session's head keeps, and what a replay starts from.

Deciding: mode, seed and digest interval; of each venue what is read and when it counts as stale; strategies with their
parameters; limits; the simulated account and venue; live, how our books are held to the venue's; how the books are kept
and when instruments are traded, where that is not the usual way (so that sessions from before it could be chosen keep
their digests). Not deciding: folders, flush policy, addresses, timeouts of connections, logs, metrics, the operator's
socket, screen, the store, the audit trail, how the portfolio is measured (its figures are inputs). A number counts by
its value: 50_000, 50000.0 and "50000" are one limit.
"""

import enum
import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, get_args

import msgspec

from config.explain import field_types
from config.hours import HoursTable
from config.settings import AccountingSettings, Mode, Settings
from core.decimals import decimals_of, plain
from risk.sizing.settings import SizingSettings

_SESSION = ("mode", "seed", "digest_every")
_VENUE = (
    "connector",
    "instruments",
    "channels",
    "depth_speed",
    "snapshot_levels",
    "bar_interval",
    "quotes_stale_s",
    "book_stale_s",
    "trades_stale_s",
    "bars_stale_s",
    "marks_stale_s",
)
_LIVE = ("account", "foreign_orders", "visibility_lag_s", "sweep_s", "balances_s", "look_back")
_RULES = ("rule", "functions", "functions_see_closing", "sources")
_NUMBER_TYPES = {int, float, str}


def decision_config(settings: Settings, params: Mapping[str, Mapping[str, object]] | None = None) -> dict[str, object]:
    """Return the settings that decide, every default written out, as plain values for JSON and msgpack.

    `params`: parameters by strategy id with the strategies' own defaults filled in (`config.strategies`), where known.
    """
    strategies = [plain_table(strategy) for strategy in settings.strategies]
    for strategy, told in zip(settings.strategies, strategies, strict=True):
        told["params"] = _plain(dict((params or {}).get(strategy.id, strategy.params)))
    accounting = settings.accounting
    told_config: dict[str, object] = {
        "session": _only(plain_table(settings.session), _SESSION),
        "venues": {name: _only(plain_table(venue), _VENUE) for name, venue in settings.venues.items()},
        "strategies": strategies,
        "risk": _without_file(plain_table(settings.risk)),
        "paper": plain_table(settings.paper),
        **({} if accounting == AccountingSettings() else {"accounting": plain_table(accounting)}),
        **({} if settings.sizing == SizingSettings() else {"sizing": plain_table(settings.sizing)}),
        **({"hours": {name: _hours(each) for name, each in settings.hours.items()}} if settings.hours else {}),
    }
    if settings.session.mode is Mode.LIVE:
        told_config["live"] = _only(plain_table(settings.live), _LIVE)
        for name, venue in settings.venues.items():
            if venue.trading is not None:  # with whom our books are compared; the key's name stands for it
                told_config["venues"][name]["trading"] = {"key": venue.trading.key}  # type: ignore[index]
    return told_config


def config_digest(settings: Settings, params: Mapping[str, Mapping[str, object]] | None = None) -> str:
    """Return the SHA-256, in hex, of the settings that decide: equal decisions, equal digest, on every machine."""
    canonical = msgspec.json.encode(decision_config(settings, params), order="deterministic")
    return hashlib.sha256(canonical).hexdigest()


def settings_from_decisions(config: Mapping[str, object]) -> Settings:
    """Return settings that decide as `config` (what `decision_config` gave) does; all others at their defaults.

    Raises msgspec.ValidationError where a session of a newer build holds a setting that this one does not know.
    """
    live = config.get("live")
    if isinstance(live, Mapping) and "look_back" not in live:  # a session of before there was such a thing
        config = {**config, "live": {**live, "look_back": False}}
    strategies = config.get("strategies")
    if isinstance(strategies, list | tuple):
        config = {**config, "strategies": [recorded_strategy(each) for each in strategies]}
    return msgspec.convert(config, Settings)


def recorded_strategy(table: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a strategy's table of a journal as it decided then: an older session took its first instrument alone."""
    sizing = table.get("sizing")
    if not isinstance(sizing, Mapping) or "parity_over" in sizing:
        return table
    return {**table, "sizing": {**sizing, "parity_over": "first"}}


def plain_table(struct: msgspec.Struct) -> dict[str, object]:
    """Return a struct of the settings as a table of plain values; fields that hold nothing are left out, as in TOML."""
    types = field_types(type(struct))
    table: dict[str, object] = {}
    for field in msgspec.structs.fields(struct):
        value = getattr(struct, field.name)
        if value is not None:
            table[field.encode_name] = _number(value) if _is_number(types[field.encode_name]) else _plain(value)
    return table


def _without_file(risk: dict[str, object]) -> dict[str, object]:
    """Return limits without the name of the file of rules: its rules decide, wherever they were written."""
    rules = risk.get("rules")
    return risk if not isinstance(rules, dict) else {**risk, "rules": _only(rules, _RULES)}


def _hours(table: HoursTable) -> dict[str, object]:
    """Return sessions as plain values; settings that name no calendar are told as before there were any."""
    told = plain_table(table)
    if not table.calendar:
        del told["calendar"]
    return told


def _only(table: dict[str, object], keys: tuple[str, ...]) -> dict[str, object]:
    return {key: table[key] for key in keys if key in table}


def _plain(value: object) -> object:
    """Return a value of the settings as JSON and msgpack have it."""
    match value:
        case msgspec.Struct():
            return plain_table(value)
        case enum.Enum():
            return value.value
        case Decimal():
            return _number(value)
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case tuple() | list():
            return [_plain(item) for item in value]
    return value


def _is_number(wanted: object) -> bool:
    """Whether a field takes a number as integer, float or text, so that one value has several spellings."""
    return set(get_args(wanted)) >= _NUMBER_TYPES


def _number(value: object) -> str:
    """Return a number's one spelling: plain decimal text without trailing zeros."""
    assert isinstance(value, int | float | str | Decimal)
    text = plain(value)
    decimals = decimals_of(text)
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction[:decimals]}" if decimals else whole
