"""One kernel, plain and compiled, fed the same random events: what it asks for and the state it ends in."""

import random
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.extending import register_jitable

import core.book
import core.market
from core.market import Market, MarketNumbers
from research.compiled.layout import copy_back, row_of
from research.compiled.registry import known, register
from strategies import desk as kernel_desk
from strategies import indicators
from strategies.desk import KernelDesk
from strategies.kernel import Kernel
from tests.engine.scenario import BTC, LOT

QUOTE, BAR, ORDER, FILL, REFUSE, WAKE = range(6)
CALLBACKS = ("at_quote", "at_bar", "at_order", "at_fill", "at_refusal", "at_wake")
Play = Callable[..., int]


def play_of(kernel: type[Kernel], *, compiled: bool) -> Play:
    """Return the function that feeds events to a kernel and logs what it asks for."""
    at_quote, at_bar, at_order = kernel.at_quote, kernel.at_bar, kernel.at_order
    at_fill, at_refusal, at_wake = kernel.at_fill, kernel.at_refusal, kernel.at_wake

    def play(state: Any, market: Any, desk: Any, events: Any, log: Any) -> int:
        logged = 0
        for index in range(len(events)):
            kind, step_ns, a, b, c, d = events[index]
            desk.now_ns += step_ns
            desk.asked = 0
            number = max(1, desk.next_number - 1 - a)
            if kind == QUOTE:
                market.bid_price = a
                market.ask_price = b
                market.bid_quantity = c
                market.ask_quantity = d
                at_quote(state, market, desk)
            elif kind == BAR:
                at_bar(state, market, a, b, c, d, 0, desk)
            elif kind == ORDER:
                at_order(state, number, b, 0, desk)
            elif kind == FILL:
                desk.positions[0] += b * c
                at_fill(state, number, b, d, c, desk)
            elif kind == REFUSE:
                at_refusal(state, number, desk)
            else:
                at_wake(state, desk)
            for place in range(desk.asked):
                row = log[logged]
                row[0] = index
                row[1] = desk.kinds[place]
                row[2] = desk.sides[place]
                row[3] = desk.quantities[place]
                row[4] = desk.prices[place]
                row[5] = desk.flags[place]
                row[6] = desk.numbers[place]
                logged += 1
        return logged

    if not compiled:
        return play
    register(core.book, core.market, kernel_desk, *indicators.MODULES)
    for function in (*kernel.HELPERS, *(getattr(kernel, name) for name in CALLBACKS)):
        if function not in known:
            register_jitable(function)
            known.add(function)
    return numba.njit(play)  # type: ignore[no-any-return]


def random_events(count: int, seed: int) -> list[tuple[int, ...]]:
    """Return a random walk of quotes and bars, and between them any order's any state, fills, refusals, wake-ups."""
    chance = random.Random(seed)
    events: list[tuple[int, ...]] = []
    price = 6_173_763
    for _ in range(count):
        step_ns = chance.choice((1_000, 90_000_000, 700_000_000))
        kind = chance.choices((QUOTE, BAR, ORDER, FILL, REFUSE, WAKE), (60, 4, 20, 8, 1, 7))[0]
        price += chance.randint(-400, 400)
        one_sided = chance.random() < 0.01
        if kind == QUOTE:
            ask = 0 if one_sided else price + chance.randint(1, 40)
            sizes = chance.randint(1, 20), chance.randint(1, 20)
            events.append((kind, step_ns, price - chance.randint(1, 40), ask, *sizes))
        elif kind == BAR:
            events.append((kind, step_ns, price, price + chance.randint(0, 90), price - chance.randint(0, 90), price))
        else:
            number, state_or_side = chance.randint(0, 6), chance.randint(0, 9)
            if kind == FILL:
                state_or_side = chance.choice((1, -1))
            events.append((kind, step_ns, number, state_or_side, chance.randint(1, LOT), price))
    return events


def hold_both(kernel: type[Kernel], *, count: int = 6_000, seed: int = 5, **params: Any) -> int:
    """Feed both forms; fail where they differ in anything; return how many wishes there were."""
    chosen = kernel.Params(**params)
    market = Market(0, BTC)
    state, numbers, desk = kernel.prepare(chosen, (market,)), MarketNumbers(), KernelDesk(now_ns=1_000_000_000)
    rows = row_of(state), row_of(numbers), row_of(desk)
    events = random_events(count, seed)
    plain_log, compiled_log = np.zeros((40 * count, 7), "<i8"), np.zeros((40 * count, 7), "<i8")

    asked = play_of(kernel, compiled=False)(state, numbers, desk, events, plain_log)
    compiled = play_of(kernel, compiled=True)
    assert compiled(rows[0][0], rows[1][0], rows[2][0], np.array(events, "<i8"), compiled_log) == asked

    assert np.array_equal(plain_log, compiled_log)
    other_state, other_desk = kernel.prepare(chosen, (market,)), KernelDesk()
    copy_back(rows[0][0], other_state)
    copy_back(rows[2][0], other_desk)
    assert repr(other_state) == repr(state)  # not only equal: a float where the row has one
    assert other_desk == desk
    return asked
