"""A share of the equity: what a position may be worth, in whole numbers."""

from core.money import money_text
from oms.manager import OrderManager
from oms.valuation import equity_in
from risk.controls.worth import Worth
from risk.sizing.bound import BILLION, Bound

RULE = "equity"


def known_equity(base: str, manager: OrderManager) -> int | None:
    """Return the equity as far as it has a price: what has none is left out, which makes sizes smaller.

    None where a debt has no price, or a contract that is held has no mark: leaving those out would make sizes larger.
    """
    valued = equity_in(base, manager)
    if valued.unmarked or any(part.value is None and part.amount < 0 for part in valued.parts):
        return None
    return valued.total


def by_equity(equity: int, share: int, worth: Worth) -> Bound:
    """Return how much is worth `share` billionths of the equity, cut."""
    quantity = max(equity, 0) * share * worth.denominator // (worth.numerator * BILLION)
    return Bound(RULE, quantity, {"equity": money_text(equity, 2)})
