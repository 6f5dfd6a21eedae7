"""Trading days that are the same every time: one thing after another, each at its quote, then word that it is over."""

import msgspec

from core.orders import Contingency, OrderTerms, OrderType, Side, TimeInForce, TriggerBy
from strategies import BUILTIN, Strategy

OVER = "the day is over"
FUND = "funding is due"
LIQUIDATE = "margin is short"
PACE = 2  # quotes between two things
NOON, EVENING = 9, 17
LONG, SHORT = OrderTerms(hedge=Side.BUY), OrderTerms(hedge=Side.SELL)


class Day(Strategy):
    """Does `forenoon` until noon, then `afternoon` and `evening`; at the last turn says that it is over."""

    last = 17

    def forenoon(self, turn, market, bid, ask):
        raise NotImplementedError

    afternoon = evening = forenoon

    def on_start(self):
        self.quotes = 0
        self.rested = self.crossed = self.offered = ""
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, quote):
        self.quotes += 1
        turn, rest = divmod(self.quotes, PACE)
        if rest == 0 and turn < self.last:
            do = self.forenoon if turn < NOON else self.afternoon if turn < EVENING else self.evening
            do(turn, self.markets[0], quote.bid_price, quote.ask_price)
        elif rest == 0 and turn == self.last:
            self.alert(OVER)

    def save(self):
        return {"quotes": self.quotes, "rested": self.rested, "crossed": self.crossed, "offered": self.offered}


class SpotDay(Day):
    """Rests, takes, fills in part, replaces, amends, stops, brackets, cancels."""

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


class OneWayDay(Day):
    """The same with contracts of one net position: reduce-only, conditional orders of the exchange, a TWAP, funding."""

    last = 25

    def forenoon(self, turn, market, bid, ask):
        instrument = market.instrument
        price, size = instrument.price, instrument.quantity
        if turn == 1:
            self.rested = self.buy(market, size("1.2"), bid - price("1"))  # more than a level: the way down fills parts
        elif turn == 2:
            self.buy(market, size("0.3"), ask, time_in_force=TimeInForce.IOC)
        elif turn == 3:
            self.crossed = self.buy(market, size("0.8"), ask)  # more than is shown there: the rest of it rests
        elif turn == 4:  # kept by tickerd
            terms = OrderTerms(trigger_price=bid - price("0.6"), trigger_by=TriggerBy.TOUCH, keep=True)
            self.submit(self.order(market, Side.SELL, OrderType.STOP, size("0.2"), reduce_only=True, terms=terms))
        elif turn == 5:
            self.replace(self.crossed, price=ask - price("0.5"))  # what is left of it, by PUT
        elif turn == 6:
            self.offered = self.sell(market, size("0.3"), ask + price("9"), post_only=True)
        elif turn == 7:
            self.stop(market, Side.SELL, size("0.1"), bid - price("0.6"), reduce_only=True)  # the exchange keeps it
        elif turn == 8:
            self.touch(market, Side.SELL, size("0.1"), ask + price("0.6"), reduce_only=True)

    def afternoon(self, turn, market, bid, ask):
        instrument = market.instrument
        price, size = instrument.price, instrument.quantity
        if turn == 9:
            self.work(
                BUILTIN["twap"],
                market,
                name="twap",
                side="buy",
                quantity="0.3",
                duration_s=1,
                intervals=6,
                style="take",
            )
        elif turn == 10:  # futures have no lists: tickerd keeps it
            self.bracket(market, Side.BUY, size("0.2"), profit=ask + price("0.5"), stop=bid - price("1"))
        elif turn == 11:
            self.replace(self.offered, quantity=size("0.2"))
        elif turn == 12:
            self.trail(market, Side.SELL, size("0.1"), distance=price("1"), by=TriggerBy.MID)
        elif turn == 13:
            self.sell(market, size("0.4"), reduce_only=True)
        elif turn == 14:
            self.alert(FUND)
        elif turn == 15:
            self.touch(market, Side.BUY, size("0.1"), bid - price("0.5"), bid)  # take profit with a limit
        elif turn == 16:
            self.stop(market, Side.SELL, size("0.1"), bid - price("40"), bid - price("41"))  # never pulled

    def evening(self, turn, market, bid, ask):
        instrument = market.instrument
        price, size = instrument.price, instrument.quantity
        if turn == 17:
            self.cancel(self.rested)
            self.replace(self.offered, price=ask + price("8"))
        elif turn == 18:
            self.sell(market, size("0.2"), bid + price("20"), time_in_force=TimeInForce.IOC)  # meets nobody
        elif turn == 19:
            self.oco(market, Side.SELL, size("0.2"), limit=ask + price("6"), stop=bid - price("0.4"))
        elif turn == 20:
            self.alert(LIQUIDATE)
        elif turn == 22:
            self.buy(market, size("0.5"))
        elif turn == 23:
            for distance in ("5", "6", "7"):
                self.buy(market, size("0.1"), bid - price(distance))
        elif turn == 24:
            self.cancel_all(market)


class HedgeDay(Day):
    """The same with a long and a short position of one contract, each order naming its own."""

    last = 21

    def forenoon(self, turn, market, bid, ask):
        instrument = market.instrument
        price, size = instrument.price, instrument.quantity
        if turn == 1:
            self.rested = self.buy(market, size("1.2"), bid - price("1"), terms=LONG)
        elif turn == 2:
            self.buy(market, size("0.5"), terms=LONG)
        elif turn == 3:
            self.sell(market, size("0.6"), terms=SHORT)
        elif turn == 4:  # kept by tickerd, closes of the long one
            trigger, by = bid - price("0.6"), TriggerBy.TOUCH
            terms = OrderTerms(trigger_price=trigger, trigger_by=by, keep=True, hedge=Side.BUY)
            self.submit(self.order(market, Side.SELL, OrderType.STOP, size("0.2"), terms=terms))
        elif turn == 5:  # kept by the exchange, closes of the short one
            terms = OrderTerms(trigger_price=ask + price("0.6"), hedge=Side.SELL)
            self.submit(self.order(market, Side.BUY, OrderType.STOP, size("0.1"), terms=terms))
        elif turn == 6:
            terms = OrderTerms(trigger_price=ask + price("0.4"), hedge=Side.BUY)
            self.submit(self.order(market, Side.SELL, OrderType.LIMIT_IF_TOUCHED, size("0.1"), bid, terms=terms))
        elif turn == 7:
            self.offered = self.sell(market, size("0.8"), ask + price("3"), post_only=True, terms=SHORT)
        elif turn == 8:
            self.replace(self.rested, price=bid - price("0.6"))

    def afternoon(self, turn, market, bid, ask):
        instrument = market.instrument
        price, size = instrument.price, instrument.quantity
        if turn == 9:
            entry = self.order(market, Side.BUY, OrderType.MARKET, size("0.2"), terms=LONG)
            name = entry.client_order_id
            profit = OrderTerms(group=name, parent=name, contingency=Contingency.OUO, hedge=Side.BUY)
            stop = msgspec.structs.replace(profit, trigger_price=bid - price("1"))
            self.submit(
                entry,
                self.order(market, Side.SELL, OrderType.LIMIT, size("0.2"), ask + price("0.5"), terms=profit),
                self.order(market, Side.SELL, OrderType.STOP, size("0.2"), terms=stop),
            )
        elif turn == 10:
            self.replace(self.offered, quantity=size("0.7"))
        elif turn == 11:  # closes of the short one
            terms = OrderTerms(trail=price("0.6"), trigger_by=TriggerBy.MID, hedge=Side.SELL)
            self.submit(self.order(market, Side.BUY, OrderType.TRAILING_STOP, size("0.1"), terms=terms))
        elif turn == 12:
            self.sell(market, size("0.3"), terms=LONG)
        elif turn == 13:
            self.alert(FUND)
        elif turn == 14:
            self.cancel(self.rested)
            self.replace(self.offered, price=ask + price("8"))
        elif turn == 15:
            self.buy(market, size("0.2"), bid - price("20"), time_in_force=TimeInForce.IOC, terms=LONG)  # meets nobody
        elif turn == 16:
            self.sell(market, size("0.9"), bid, terms=SHORT)  # more than is shown there

    def evening(self, turn, market, bid, ask):
        instrument = market.instrument
        price, size = instrument.price, instrument.quantity
        if turn == 17:
            self.sell(market, size("9"), bid, terms=LONG)  # more than there is: refused
        elif turn == 18:
            self.buy(market, size("0.2"), terms=SHORT)
        elif turn == 19:
            for distance in ("5", "6", "7"):
                self.buy(market, size("0.1"), bid - price(distance), terms=LONG)
        elif turn == 20:
            self.cancel_all(market)
