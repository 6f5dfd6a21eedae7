"""Wallets that differ by nothing but the order in which fills were booked.

With average costs, what a fill realises depends on the fills before it. A fill that was found late was booked behind
others that the venue has behind it: the same position, the same profit in the end, but until the position is flat
another share of it in the wallet. So once figures have differed as often as is a break, and the positions do not, a
difference that makes our cost the one that the venue tells, by its own entry price, is moved from cost to profit.

A venue also cuts what each execution realises, at eight decimals say; we book the whole. What is smaller than the unit
that a contract's cost is told in is that rounding, whether or not one is open. Anything else is left to freeze.
"""

from core.effects import Alert, Effect, FreezeChanged, Severity
from core.instruments import AssetClass
from core.money import money, money_text
from oms.manager import OrderManager
from oms.reconcile.compare import Difference, contracts
from oms.reconcile.line import Line
from oms.reconcile.opening import Opening
from oms.taking import whole_units

RESTATED = "restated"
_BALANCE = "balance "
_ROUNDING_MAX = money("0.0001")  # far above what an afternoon's cuts come to, far below what anybody would miss


def restate(
    manager: OrderManager, opening: Opening, line: Line, grave: list[Difference], effects: list[Effect]
) -> list[Difference]:
    """Restate what can be; return the differences that remain, which are those of the line from now on."""
    if any(not each.key.startswith(_BALANCE) for each in grave):
        return grave  # positions differ: nothing is known of their cost
    done: dict[str, None] = {}
    for each in grave:
        fitting = _fitting(manager, opening, line.venue, each)
        rounding = _rounding(manager, line.venue, each)
        if len(fitting) == 1 or rounding:
            index = fitting[0] if len(fitting) == 1 else rounding[0]
            manager.taking.restate(index, each.figure, effects)
            amount = f"{money_text(each.figure)} {each.key.removeprefix(_BALANCE)}"
            because = "fills came late" if len(fitting) == 1 else "it cuts what each execution realises"
            why = f"{amount} more are realised of {manager.instrument(index).id}, as the venue counts: {because}"
            effects.append(
                FreezeChanged(instrument=index, frozen=False, reason=why, key=RESTATED, figure=str(each.figure))
            )
            effects.append(Alert(severity=Severity.WARNING, code="RESTATED", message=why, instrument=index))
            done[each.key] = None
    line.differs = [each for each in line.differs if each.key not in done]
    return [each for each in grave if each.key not in done]


def _fitting(manager: OrderManager, opening: Opening, venue: str, difference: Difference) -> list[int]:
    """Return the contracts whose cost becomes the venue's by a difference, to the rounding of its entry price."""
    entries = opening.told_entries.get(venue, {})
    fitting = []
    for index in contracts(manager, venue):
        position, instrument = manager.position(index), manager.instrument(index)
        entry, quantity = entries.get(index, 0), position.quantity
        if (
            index not in difference.instruments
            or not (entry and quantity)
            or position.inverse_scale
            or instrument.asset_class is AssetClass.OPTION
        ):
            continue
        cost = position.cost + whole_units(difference.figure, position.factor)
        if abs(cost - entry * quantity) <= abs(quantity):
            fitting.append(index)
    return fitting


def _rounding(manager: OrderManager, venue: str, difference: Difference) -> list[int]:
    """Return the contracts whose cost has no unit as small as a difference, none where it is too large for rounding."""
    size = abs(difference.figure)
    if size > _ROUNDING_MAX:
        return []
    return [
        index
        for index in contracts(manager, venue)
        if index in difference.instruments and 2 * size < manager.position(index).factor
    ]
