"""A strategy that changes its orders while they work: their price, their quantity, and at last across the spread."""

from core.orders import Side
from strategies import Strategy


class Amender(Strategy):
    """One order at a time, changed at every third quote until it is filled."""

    def on_start(self):
        self.turn = self.stage = 0
        self.name = ""
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, quote):
        self.turn += 1
        if self.turn % 3:
            return
        market = self.markets[0]
        rules, buys = market.instrument, self.position(market) <= 0
        lot, tick = rules.lot * 2_000, rules.tick
        open_orders = self.open_orders(market)
        if not open_orders:
            self.stage = 0
            side, price = (Side.BUY, quote.bid_price) if buys else (Side.SELL, quote.ask_price)
            ask = self.buy if buys else self.sell
            self.name = ask(market, 4 * lot, price - side * 500 * tick)
            return
        self.stage += 1
        way = int(open_orders[0].side)
        near, far = (quote.bid_price, quote.ask_price) if way > 0 else (quote.ask_price, quote.bid_price)
        if self.stage == 1:
            self.replace(self.name, price=near - way * 200 * tick)
        elif self.stage == 2:
            self.replace(self.name, quantity=3 * lot)
        elif self.stage == 3:
            self.replace(self.name, price=near, quantity=5 * lot)
        elif self.stage == 4 and self.turn % 2:
            self.cancel(self.name)
        else:
            self.replace(self.name, price=far + way * 50 * tick)
