"""A trading day that is the same every time: one thing after another, each at its quote, then word that it is over."""

from core.orders import OrderTerms, OrderType, Side, TimeInForce, TriggerBy
from strategies import Strategy

OVER = "the day is over"
PACE = 2  # quotes between two things
NOON = 9
LAST = 17


class ScriptedDay(Strategy):
    """Rests, takes, fills in part, replaces, amends, stops, brackets, cancels."""

    def on_start(self):
        self.quotes = 0
        self.rested = self.crossed = self.offered = ""
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, quote):
        self.quotes += 1
        turn, rest = divmod(self.quotes, PACE)
        if rest == 0 and turn <= LAST:
            do = self.forenoon if turn < NOON else self.afternoon
            do(turn, self.markets[0], quote.bid_price, quote.ask_price)

    def save(self):
        return {"quotes": self.quotes, "rested": self.rested, "crossed": self.crossed, "offered": self.offered}

    def forenoon(self, turn, market, bid, ask):
        instrument = market.instrument
        price, size = instrument.price, instrument.quantity
        if turn == 1:
            self.rested = self.buy(market, size("0.2"), bid - price("8"))
        elif turn == 2:
            self.buy(market, size("0.3"), ask, time_in_force=TimeInForce.IOC)
        elif turn == 3:
            self.crossed = self.buy(market, size("0.8"), ask)  # more than is shown there: the rest of it rests
        elif turn == 4:  # kept by tickerd; the way down pulls it
            terms = OrderTerms(trigger_price=bid - price("1"), trigger_by=TriggerBy.TOUCH, keep=True)
            self.submit(self.order(market, Side.SELL, OrderType.STOP, size("0.2"), terms=terms))
        elif turn == 5:
            self.replace(self.crossed, price=ask - price("5"))  # what is left of it
        elif turn == 6:
            self.offered = self.sell(market, size("0.3"), ask + price("9"), post_only=True)
        elif turn == 7:
            self.replace(self.rested, price=bid - price("7"))  # a new order in its place
        elif turn == 8:
            self.bracket(market, Side.BUY, size("0.2"), profit=ask + price("0.5"), stop=bid - price("1"))

    def afternoon(self, turn, market, bid, ask):
        instrument = market.instrument
        price, size = instrument.price, instrument.quantity
        if turn == 9:
            self.sell(market, size("0.4"))  # at the market
        elif turn == 10:
            self.replace(self.offered, quantity=size("0.2"))  # less of it: amended in place
        elif turn == 11:
            self.oco(market, Side.SELL, size("0.2"), limit=ask + price("6"), stop=bid - price("6"))
        elif turn == 12:
            self.stop(market, Side.SELL, size("0.1"), bid - price("0.4"))  # at the venue; the way down pulls it
        elif turn == 13:
            self.cancel(self.rested)
        elif turn == 14:
            self.trail(market, Side.BUY, size("0.1"), distance=price("1"), by=TriggerBy.MID)
        elif turn == 15:
            self.sell(market, size("0.2"), bid + price("20"), time_in_force=TimeInForce.IOC)  # meets nobody
        elif turn == 16:
            self.oco(market, Side.BUY, size("0.2"), limit=bid - price("6"), stop=ask + price("0.4"))
        elif turn == LAST:
            self.alert(OVER)
