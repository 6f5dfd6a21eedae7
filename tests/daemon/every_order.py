"""A strategy that asks for every kind of order in turn, near enough to the market for most to come to something."""

from core.orders import Contingency, OrderTerms, OrderType, Side, TimeInForce, TriggerBy
from strategies import Strategy

SECOND = 1_000_000_000


class EveryOrder(Strategy):
    """One order, or group of orders, at every third quote."""

    def on_start(self):
        self.turn = 0
        self.seen = ""
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, quote):
        self.turn += 1
        if self.turn % 3 == 0:
            market, side = self.markets[0], Side.BUY if self.turn % 2 else Side.SELL
            self.ask(self.turn // 3 % 12, market, side, (quote.bid_price + quote.ask_price) // 2)

    def on_order(self, update):
        self.seen = f"{update.client_order_id} {update.state.value}"

    def save(self):
        return {"turn": self.turn, "seen": self.seen}

    def ask(self, kind, market, side, price):
        tick = market.instrument.tick
        rules = market.instrument
        worth = -(-rules.min_notional // (rules.notional_factor * price * rules.lot))
        lot = rules.lot * max(2 * worth, 100)
        near, price = tick * 10 * side, price // tick * tick
        if kind == 0:
            self.stop(market, side, lot, price + near, by=TriggerBy.TOUCH)
        elif kind == 1:
            self.stop(market, side, lot, price + near, price + 3 * near, by=TriggerBy.LAST)
        elif kind == 2:
            self.touch(market, side, lot, price - near, by=TriggerBy.MID)
        elif kind == 3:
            self.touch(market, side, lot, price - near, price + near)
        elif kind == 4:
            self.trail(market, side, lot, distance=15 * tick, by=TriggerBy.MID)
        elif kind == 5:
            self.trail(market, side, lot, ppm=50, limit_offset=20 * tick, activation=price - near, by=TriggerBy.TOUCH)
        elif kind == 6:
            self.bracket(market, side, 4 * lot, profit=price + near, stop=price - near, by=TriggerBy.TOUCH)
        elif kind == 7:
            ways_out = {"profit": price + 2 * near, "stop": price - near, "stop_limit": price - 3 * near}
            self.bracket(market, side, 4 * lot, price, **ways_out)
        elif kind == 8:
            legs = {"limit": price - near, "stop": price + near, "by": TriggerBy.MID}
            self.oco(market, side, lot, contingency=Contingency.OUO, **legs)
        elif kind == 9:
            self.buy(market, 3 * lot, price + 5 * tick, terms=OrderTerms(display_quantity=lot))
        elif kind == 10:
            until = OrderTerms(expire_ns=self.now_ns + SECOND)
            self.sell(market, lot, price + 2 * near, time_in_force=TimeInForce.GTD, terms=until)
            self.sell(market, lot, price + 90 * tick, time_in_force=TimeInForce.DAY)
            terms = OrderTerms(trigger_price=price + near)
            self.submit(self.order(market, side, OrderType.STOP, lot, reduce_only=True, terms=terms))
            self.sell(market, lot, price, time_in_force=TimeInForce.AT_CLOSE)
        elif self.turn // 3 % 36 == 35:
            self.cancel_all()
