"""`[audit]`: who signs for the journal, where its signatures are kept besides, and how long sessions stay."""

from typing import Annotated

import msgspec
from msgspec import Meta

FIVE_YEARS_DAYS = 1_827  # two of them may be leap years


class AuditSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `tickerd audit` relies on; see docs/audit.md. Nothing of it decides what is traded.

    `key_file`: an Ed25519 private key, PEM, mode 0600; empty: nothing is signed. Each `every_s` the head of the hash
    chain is signed beside the session, and the signature appended to each of `anchors`: a file (its folder must be
    there), `syslog:/dev/log`, `syslog://HOST:PORT`, `https://HOST/PATH` (POST); `anchor_command` gets it on its
    standard input. `keep_days`: signed sessions younger than that are not removed (0: no age), nor those that were not
    verified and anchored; `compress_after_days`: when `tickerd journal compress --policy` packs them, 0 for at once.
    """

    key_file: Annotated[str, Meta(pattern=r"^[^\x00]*$", description="a path")] = ""
    anchors: tuple[Annotated[str, Meta(pattern=r"^[^\s\x00][^\x00]*$", description="a file or an address")], ...] = ()
    anchor_command: tuple[str, ...] = ()
    every_s: Annotated[float, Meta(gt=0, le=3_600)] = 60.0
    keep_days: Annotated[int, Meta(ge=0, le=36_500)] = FIVE_YEARS_DAYS
    compress_after_days: Annotated[int, Meta(ge=0, le=36_500)] = 1
