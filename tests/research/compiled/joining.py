"""A kernel for tests that reads the book alone: one post-only order at the best price of each side."""

from dataclasses import dataclass

from core.book import best_of
from oms.codes import STATE_UNKNOWN
from strategies import Kernel
from strategies.desk import POST_ONLY, buy, cancel, sell


@dataclass(slots=True)
class State:
    quantity: int
    tick: int
    bid: int = 0  # the number of the order that is out
    bid_at: int = 0
    ask: int = 0
    ask_at: int = 0


class Joining(Kernel):
    """Joins the best bid and ask, and follows them once they have moved away by more than a tick."""

    @staticmethod
    def prepare(params, markets):
        return State(markets[0].instrument.quantity("3"), markets[0].instrument.tick)

    @staticmethod
    def at_book(state, market, desk):
        bid, ask = best_of(market.book.bids), best_of(market.book.asks)
        if bid > 0 and state.bid == 0:
            state.bid, state.bid_at = buy(desk, market, state.quantity, bid, POST_ONLY), bid
        elif bid > 0 and abs(bid - state.bid_at) > state.tick:
            state.bid_at = bid
            cancel(desk, state.bid)
        if ask > 0 and state.ask == 0:
            state.ask, state.ask_at = sell(desk, market, state.quantity, ask, POST_ONLY), ask
        elif ask > 0 and abs(ask - state.ask_at) > state.tick:
            state.ask_at = ask
            cancel(desk, state.ask)

    @staticmethod
    def at_order(state, number, order_state, filled, desk):
        if order_state > STATE_UNKNOWN:  # it has ended
            if number == state.bid:
                state.bid = 0
            elif number == state.ask:
                state.ask = 0

    @staticmethod
    def at_refusal(state, number, desk):
        if number == state.bid:
            state.bid = 0
        elif number == state.ask:
            state.ask = 0
