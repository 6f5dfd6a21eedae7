"""Which program may trade an account, and whether guard and daemon are of one mind (F64).

An order of the SEC tells of a firm whose servers did not all run the same program, and what it cost in 45 minutes
(release 34-70694). A journal's head says which program wrote it; this says which one may.
"""

import hashlib

import msgspec

from config.head import build
from config.settings import Settings
from daemon.errors import UsageError

_SHOWN = 12  # hexadecimal digits


def refuse_other_build(settings: Settings) -> None:
    """Refuse to trade where the settings approve of another program. Raises UsageError."""
    approved, found = settings.live.build, build()
    if not found.source_digest.startswith(approved):
        raise UsageError(
            f'[live] build = "{approved}" approves of another program than this one, which is tickerd {found.version}, '
            f"sources {found.source_digest[:_SHOWN]}: install the one that was approved, or approve of this one"
        )


def mind_of(settings: Settings) -> str:
    """Return what a guard and its daemon must have in common: the program, and what is cancelled where."""
    venues = {name: venue for name, venue in settings.venues.items() if venue.trading is not None}
    cancelled = (settings.live.account, settings.live.foreign_orders, settings.accounting.hedging, venues)
    digest = hashlib.sha256(msgspec.json.encode(cancelled, order="sorted")).hexdigest()
    return f"sources {build().source_digest[:_SHOWN]}, settings {digest[:_SHOWN]}"
