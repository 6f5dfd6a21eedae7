"""Which colour says what. Everything that colour says is also said in words."""

from decimal import Decimal

from daemon.screen import words

TITLE = "bold cyan"
HEADING = "grey58"
BAR = "grey70 on grey15"
BORDER = "grey35"
QUIET = "grey58"
FIGURE = "bold"
GOOD = "green3"
BAD = "red1"
CAUTION = "yellow3"
COST = "orange3"
ALARM = "bold white on red3"
CALM = "bold black on cyan"
LABEL = "bold black on yellow3"

LIFECYCLE = {
    "STARTING": "bold yellow3",
    "SYNCING": "bold yellow3",
    "RECONCILING": "bold yellow3",
    "READY": "bold green3",
    "DRAINING": "bold magenta",
    "STOPPED": "bold grey58",
}
ORDER = {
    "submitted": CAUTION,
    "accepted": "cyan",
    "partially-filled": "cyan",
    "pending-cancel": CAUTION,
    "unknown": ALARM,
    "filled": GOOD,
    "cancelled": QUIET,
    "expired": QUIET,
    "rejected": BAD,
    "never-arrived": BAD,
}
STRATEGY = {"loaded": CAUTION, "active": GOOD, "paused": ALARM, "stopped": QUIET}
BOOK = {"live": GOOD, "loading": CAUTION, "empty": QUIET, "invalid": BAD}
SIDE = {"buy": GOOD, "sell": BAD}


def of_amount(amount: Decimal | None, decimals: int | None = None) -> str:
    """Return the colour of a profit, as it looks at so many decimals."""
    shown = amount if amount is None or decimals is None else words.rounded(amount, decimals)
    if not shown:
        return QUIET
    return GOOD if shown > 0 else BAD
