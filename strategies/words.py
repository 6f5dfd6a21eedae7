"""Orders beyond market and limit, in a strategy's words: stops, touches, trailing stops, brackets, groups."""

from core.market import Market
from core.orders import Contingency, OrderIntent, OrderTerms, OrderType, Side, TimeInForce, TriggerBy
from strategies.context import Context, GroupIntent

_LAST, _GTC = TriggerBy.LAST, TimeInForce.GTC


class OrderWords:
    """What `Strategy` offers beside `buy` and `sell`; every word returns client order ids. `docs/order-types.md`."""

    context: Context

    def order(
        self,
        market: Market,
        side: Side,
        type_: OrderType,
        quantity: int,
        price: int = 0,
        *,
        time_in_force: TimeInForce = _GTC,
        post_only: bool = False,
        reduce_only: bool = False,
        terms: OrderTerms | None = None,
    ) -> OrderIntent:
        """Return an order with an id of its own, not asked for yet: hand it to `submit`."""
        return OrderIntent(
            client_order_id=self.context.next_id(),
            strategy_id=self.context.strategy_id,
            instrument=market.index,
            side=side,
            type=type_,
            quantity=quantity,
            price=price,
            time_in_force=time_in_force,
            post_only=post_only,
            reduce_only=reduce_only,
            terms=terms,
        )

    def submit(self, *orders: OrderIntent) -> None:
        """Ask for an order, or for several that belong together: all of them or none."""
        self.context.outbox.append(orders[0] if len(orders) == 1 else GroupIntent(orders))

    def stop(
        self,
        market: Market,
        side: Side,
        quantity: int,
        trigger: int,
        price: int = 0,
        *,
        by: TriggerBy = _LAST,
        reduce_only: bool = False,
    ) -> str:
        """Ask to buy once the market has risen to `trigger`, or sell once it fell there: at the market or a limit."""
        type_ = OrderType.STOP_LIMIT if price else OrderType.STOP
        terms = OrderTerms(trigger_price=trigger, trigger_by=by)
        return self._one(self.order(market, side, type_, quantity, price, reduce_only=reduce_only, terms=terms))

    def touch(
        self,
        market: Market,
        side: Side,
        quantity: int,
        trigger: int,
        price: int = 0,
        *,
        by: TriggerBy = _LAST,
        reduce_only: bool = False,
    ) -> str:
        """Ask to buy once the market has fallen to `trigger`, or sell once it rose there (take profit)."""
        type_ = OrderType.LIMIT_IF_TOUCHED if price else OrderType.MARKET_IF_TOUCHED
        terms = OrderTerms(trigger_price=trigger, trigger_by=by)
        return self._one(self.order(market, side, type_, quantity, price, reduce_only=reduce_only, terms=terms))

    def trail(
        self,
        market: Market,
        side: Side,
        quantity: int,
        *,
        distance: int = 0,
        ppm: int = 0,
        activation: int = 0,
        limit_offset: int | None = None,
        by: TriggerBy = _LAST,
        reduce_only: bool = False,
    ) -> str:
        """Ask for a stop that follows the market at `distance` price units or `ppm` millionths of the price.

        It follows once the market has been at `activation`; with `limit_offset` it becomes a limit order.
        """
        type_ = OrderType.TRAILING_STOP if limit_offset is None else OrderType.TRAILING_STOP_LIMIT
        terms = OrderTerms(
            trigger_by=by,
            trail=distance,
            trail_ppm=ppm,
            activation_price=activation,
            limit_offset=limit_offset or 0,
        )
        return self._one(self.order(market, side, type_, quantity, reduce_only=reduce_only, terms=terms))

    def oco(
        self,
        market: Market,
        side: Side,
        quantity: int,
        *,
        limit: int,
        stop: int,
        stop_limit: int = 0,
        by: TriggerBy = _LAST,
        contingency: Contingency = Contingency.OCO,
    ) -> tuple[str, str]:
        """Ask for a limit order and a stop of which one ends (OCO) or shrinks (OUO) the other; return both ids."""
        legs = self._legs(market, side, quantity, limit, stop, stop_limit, by, contingency, "")
        self.submit(*legs)
        return legs[0].client_order_id, legs[1].client_order_id

    def bracket(
        self,
        market: Market,
        side: Side,
        quantity: int,
        price: int = 0,
        *,
        profit: int,
        stop: int,
        stop_limit: int = 0,
        by: TriggerBy = _LAST,
        contingency: Contingency = Contingency.OUO,
    ) -> tuple[str, str, str]:
        """Ask to enter, at the market or a limit, and to leave at a profit or a stop as far as the entry fills.

        Returns the ids of entry, profit and stop. OUO: what the one leg fills is taken off the other.
        """
        type_ = OrderType.LIMIT if price else OrderType.MARKET
        entry = self.order(market, side, type_, quantity, price)
        parent = entry.client_order_id
        legs = self._legs(market, side.opposite, quantity, profit, stop, stop_limit, by, contingency, parent)
        self.submit(entry, *legs)
        return parent, legs[0].client_order_id, legs[1].client_order_id

    def _legs(
        self,
        market: Market,
        side: Side,
        quantity: int,
        limit: int,
        stop: int,
        stop_limit: int,
        by: TriggerBy,
        contingency: Contingency,
        parent: str,
    ) -> tuple[OrderIntent, OrderIntent]:
        """Return the two ways out of a position: a limit order and a stop, of one group."""
        number = self.context.counter.id_of(self.context.counter.count + 1)  # the first leg's own id names the group
        out = OrderTerms(group=number, contingency=contingency, parent=parent)
        ends = OrderTerms(trigger_price=stop, trigger_by=by, group=number, contingency=contingency, parent=parent)
        stop_type = OrderType.STOP_LIMIT if stop_limit else OrderType.STOP
        return (
            self.order(market, side, OrderType.LIMIT, quantity, limit, terms=out),
            self.order(market, side, stop_type, quantity, stop_limit, terms=ends),
        )

    def _one(self, order: OrderIntent) -> str:
        """Ask for one order and return its id."""
        self.context.outbox.append(order)
        return order.client_order_id
