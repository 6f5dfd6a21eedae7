"""What no figure decides: restricted instruments, what may be sold short, and orders that would meet our own."""

from core.instruments import Instrument
from core.money import MONEY_DECIMALS, MONEY_UNIT
from core.orders import OrderIntent, OrderType
from oms.manager import OrderManager
from oms.order import Order
from risk.control_settings import ControlSettings
from risk.controls.cells import ACCOUNT, reach_of
from risk.controls.found import Found
from risk.controls.scope import floor_units
from risk.facts import Why

LARGE: int = 10**60  # more than there is
_MARKET = OrderType.MARKET


class Lists:
    """The lists of `[risk.controls]`."""

    __slots__ = ("_locates", "_restricted", "_self_trade")

    def __init__(self, settings: ControlSettings) -> None:
        """Read them."""
        self._restricted = frozenset(settings.restricted)
        # In 10^-18 of the base or of a contract, exact and free to compare: an instrument's units are never finer.
        self._locates = {name: floor_units(quantity, MONEY_UNIT) for name, quantity in settings.locates.items()}
        self._self_trade = settings.self_trade

    def breach(
        self, intent: OrderIntent, instrument: Instrument, manager: OrderManager, replaced: Order | None, filled: int
    ) -> Found:
        """Return why a list holds an order back, None where none does."""
        if not self._self_trade:
            found = self._meets_own(intent, instrument, manager)
            if found is not None:
                return found
        if instrument.id not in self._restricted and instrument.id not in self._locates:
            return None
        reach, side = reach_of(manager, ACCOUNT, intent.instrument, replaced), int(intent.side)
        after = (reach.long if side > 0 else -reach.short) + intent.quantity - filled
        if instrument.id in self._restricted and after > 0:
            why = f"{instrument.id} is on the restricted list: it may be closed, not opened"
            return "RESTRICTED", Why("", "", why)
        located = self._locates.get(instrument.id)
        if located is None or side > 0:
            return None
        most = located // int(10 ** (MONEY_DECIMALS - instrument.size_precision))
        if after <= most:
            return None
        limit, figure = instrument.quantity_text(most), instrument.quantity_text(after)
        why = f"short of {instrument.id} might reach {figure} {instrument.base}, located are {limit}"
        return "LOCATE", Why(limit, figure, f"{why}: sell less, or enter what was located in risk.controls.locates")

    def most(self, instrument: Instrument, index: int, manager: OrderManager) -> tuple[int, int]:
        """Return (most that may be bought, most that may be sold) at once, in the instrument's units."""
        if instrument.id in self._restricted:
            return 0, 0
        located = self._locates.get(instrument.id)
        if located is None:
            return LARGE, LARGE
        most = located // int(10 ** (MONEY_DECIMALS - instrument.size_precision))
        return LARGE, most + reach_of(manager, ACCOUNT, index).short

    def own_touch(self, index: int, manager: OrderManager) -> tuple[int, int]:
        """Return our own highest bid and lowest ask, 0 where nothing of ours is met; a market order meets any price."""
        exposure, bid, ask = manager.exposure(index), 0, 0
        if self._self_trade or not exposure.open_orders:
            return 0, 0
        for order in manager.open_orders():
            if order.instrument != index or not order.leaves:
                continue
            if order.side > 0:
                bid = LARGE if order.type is _MARKET else max(bid, order.price)
            else:
                price = 1 if order.type is _MARKET else order.price
                ask = min(ask, price) if ask else price
        return bid, ask

    def _meets_own(self, intent: OrderIntent, instrument: Instrument, manager: OrderManager) -> Found:
        """Return why an order would trade with one of ours: a wash trade, whoever of us sent the other."""
        exposure, side = manager.exposure(intent.instrument), int(intent.side)
        if not (exposure.open_sell_quantity if side > 0 else exposure.open_buy_quantity):
            return None
        for order in manager.open_orders():
            if order.instrument != intent.instrument or order.side == side or not order.leaves:
                continue
            if intent.type is _MARKET or order.type is _MARKET or (intent.price - order.price) * side >= 0:
                limit, figure = instrument.price_text(order.price), instrument.price_text(intent.price)
                why = f"it would trade with our own order {order.client_order_id} of {order.strategy_id}"
                return "SELF_TRADE", Why(limit, figure, f"{why} at {limit}: cancel that one first, or price it apart")
        return None
