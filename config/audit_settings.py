"""`[audit]`: who signs for the journal, where its signatures are kept besides, and how long sessions stay."""

from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

SCHEMES = ("http", "https", "syslog")
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

    def __post_init__(self) -> None:
        """Refuse addresses that lead nowhere: a second place that fails from the start is none."""
        for text in self.anchors:
            if "://" in text and not _leads_somewhere(text):
                expected = "https://HOST/PATH, syslog://HOST:PORT, syslog:/dev/log, or a file"
                raise ValueError(f"anchors: expected {expected}, found {text!r}")


def _leads_somewhere(address: str) -> bool:
    """Whether an address has a scheme that is known, a host, and a port that may be one."""
    try:
        parts = urlsplit(address)
        return parts.scheme in SCHEMES and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
