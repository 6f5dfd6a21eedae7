"""Questions to an account and a venue by REST: paced, signed, their answers read as replies.

For: the checks at logon, evidence, listen keys, the venue's clock, and commands whose socket is down.
May import: `core`, the connectors' shared files, and this venue's own.
Refuses: to ask while the venue asked for silence, and to repeat by itself what changes anything.
"""
