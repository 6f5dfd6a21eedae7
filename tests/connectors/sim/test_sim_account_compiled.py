"""The decisions about account and hours, compiled beside plain: the same numbers, answers and records."""

import random
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

import numba
import numpy as np
import pytest

from connectors.sim import (
    answers,
    auction,
    bars,
    carry,
    delays,
    draws,
    fees,
    hours,
    impact,
    ladder,
    margin,
    mark,
    matcher,
    matching,
    place,
    queues,
    rules,
    taking,
    view,
)
from connectors.sim.account_settings import DAY_NS
from connectors.sim.auction import hold_auction, release
from connectors.sim.carry import Carry, begin_carry, borrow_cost, funding_cost, take_rate
from connectors.sim.hours import (
    Hours,
    begin_hours,
    change_hours,
    hours_due,
    is_matching,
    refusal_of_hours,
)
from connectors.sim.listing import Listing, define, venue_numbers
from connectors.sim.margin import (
    Margin,
    Wallet,
    book_margin,
    equity_of,
    is_breached,
    liquidation_fee,
    margin_refusal,
    next_to_close,
)
from connectors.sim.mark import Worth, doubled_mark
from connectors.sim.matcher import advance
from connectors.sim.orders import Order, Request
from core import book, market
from core.hot import LENGTH
from core.market import MarketNumbers
from research.compiled.layout import fill, table_of
from research.compiled.registry import register
from research.compiled.tables import Answer, Ring
from tests.connectors.sim.world import NO_LATENCY, PLAIN

pytestmark = pytest.mark.slow  # compiles for half a minute and more

register(
    book, market, matching, queues, view, draws, delays, ladder, fees, impact, answers, place, rules, taking, bars,
    mark, carry, hours, margin, auction, matcher,
)  # fmt: skip


def as_rows(records):
    rows = table_of(type(records[0]), len(records))
    for row, record in zip(rows, records, strict=True):
        fill(row, record)
    return rows


def same(record, row):
    """Whether a record and a row hold the same numbers; a list is compared as far as it goes."""
    for each in fields(record):
        value, other = getattr(record, each.name), row[each.name]
        if is_dataclass(value):
            same(value, other)
        elif LENGTH in each.metadata:
            assert list(value) == other[: len(value)].tolist(), each.name
        else:
            assert value == other, each.name


# -- funding, borrow ---------------------------------------------------------------------------------------------------


@numba.njit
def hold(carries, steps, out):
    """Hold positions (position, mark) through a time each; tell the costs and the next times."""
    held = carries[0]
    begin_carry(held, steps[0][0])
    for number in range(len(steps)):
        _, position, doubled = steps[number]
        if held.funding_due_ns <= held.borrow_due_ns:
            out[number, 0] = funding_cost(held.worth, take_rate(held), position, doubled)
        else:
            held.borrow_due_ns += 86_400_000_000_000
            out[number, 0] = borrow_cost(held, position, doubled)
        out[number, 1] = held.funding_due_ns
        out[number, 2] = held.borrow_due_ns


@pytest.mark.parametrize("model", [carry.CONSTANT, carry.TABLE])
def test_what_holding_costs_is_the_same_compiled(model):
    draw = random.Random(7)
    for borrow in (carry.VALUE, carry.COLLATERAL):
        times = sorted(draw.sample(range(10 * DAY_NS), 40))
        rates = [draw.randint(-100_000, 100_000) for _ in times]

        def fresh(borrow=borrow, times=times, rates=rates):
            return Carry(
                funding=model, interval_ns=DAY_NS // 3, rate_e8=12_345, borrow=borrow, borrow_ppm=30_000,
                price_unit=100, worth=Worth(10**5, 2, 1), count=len(times), times=list(times), rates=list(rates),
            )  # fmt: skip

        steps = [(DAY_NS, draw.randint(-(10**6), 10**6), draw.randint(1, 10**6)) for _ in range(50)]
        plain, rows = fresh(), as_rows([fresh()])
        told, compiled = np.zeros((50, 3), "i8"), np.zeros((50, 3), "i8")
        hold.py_func([plain], steps, told)
        hold(rows, np.array(steps), compiled)
        assert told.tolist() == compiled.tolist()
        same(plain, rows[0])
        assert np.count_nonzero(told[:, 0]) > 20


# -- hours -------------------------------------------------------------------------------------------------------------


@numba.njit
def live(tables, begin_ns, end_ns, out):
    """Live from one time to another; tell each change, whether there is matching, and why orders are refused."""
    hours_of = tables[0]
    begin_hours(hours_of, begin_ns)
    count = 0
    while hours_due(hours_of) <= end_ns and count < len(out):
        due_ns = hours_due(hours_of)
        out[count, 0] = due_ns
        out[count, 1] = change_hours(hours_of, due_ns)
        out[count, 2] = is_matching(hours_of)
        out[count, 3] = refusal_of_hours(hours_of)
        count += 1
    return count


def test_hours_are_the_same_compiled():
    draw = random.Random(3)
    for _ in range(30):
        times, halts = sorted(draw.sample(range(1_000), 20)), sorted(draw.sample(range(1_000), 10))
        made = {
            "has_sessions": True, "opening_call_ns": draw.choice((0, 5)), "closing_call_ns": draw.choice((0, 2)),
            "closed_waits": draw.random() < 0.5, "halted_waits": draw.random() < 0.5,
        }  # fmt: skip

        def fresh(times=times, halts=halts, made=made):
            return Hours(
                count=10, opens=times[::2], closes=times[1::2], halt_count=5, halts=halts[::2], resumes=halts[1::2],
                **made,
            )  # fmt: skip

        begin_ns = draw.randrange(500)
        plain, rows = fresh(), as_rows([fresh()])
        told, compiled = np.zeros((100, 4), "i8"), np.zeros((100, 4), "i8")
        assert live.py_func([plain], begin_ns, 1_000, told) == live(rows, begin_ns, 1_000, compiled)
        assert told.tolist() == compiled.tolist()
        same(plain, rows[0])


# -- margin ------------------------------------------------------------------------------------------------------------


@numba.njit
def trade(wallets, margins, listings, markets, orders, requests, out):
    """Ask for orders one after the other and fill what is allowed at its price; tell what the account says."""
    for number in range(len(requests)):
        request = requests[number]
        index = request.instrument
        held, listing, seen = margins[index], listings[index], markets[index]
        seen.bid_price = request.arrival_ns
        seen.ask_price = request.arrival_ns + 1
        seen.quote_ns = 1
        held.doubled_mark = doubled_mark(listing, seen, 0)
        reason = margin_refusal(wallets, margins, listings, orders, request)
        if reason == 0:
            fee = liquidation_fee(held, request.price, request.quantity)
            book_margin(held, wallets[0], request.sign, request.price, request.quantity, fee)
            listing.position += request.sign * request.quantity
        out[number, 0] = reason
        out[number, 1] = equity_of(wallets, margins, listings, 0)
        out[number, 2] = is_breached(wallets, margins, listings, 0)
        out[number, 3] = next_to_close(margins, listings, 0, 1 << 62)


def account(draw):
    """Two instruments on one wallet, one beside it, and orders that rest."""
    margins = []
    for wallet in (0, 0, -1):
        each = Margin(wallet=wallet, worth=Worth(10**8, 2, 1), liquidation_fee_ppm=10_000, leverage=20)
        each.initial_divisor, each.bracket_count = 20, 3
        for at, (cap, ppm, amount, most) in enumerate(
            ((5_000, 4_000, 0, 125), (25_000, 5_000, 5, 50), (1_000_000, 10_000, 130, 10))
        ):
            each.caps[at], each.maintenance_ppms[at] = cap * 10**8, ppm
            each.amounts[at], each.leverages[at] = amount * 10**8, most
        margins.append(each)
    listings, orders = [Listing() for _ in range(3)], [Order() for _ in range(6)]
    for row, order in enumerate(orders):
        order.sign, order.leaves, order.limit = draw.choice((1, -1)), draw.randint(1, 3), draw.randint(90, 110)
        order.rank, order.reduce_only = -order.sign * order.limit, draw.random() < 0.3
        side = listings[row % 2].bids if order.sign > 0 else listings[row % 2].asks
        ladder.join_ladder(side, order, row)
    requests = [
        Request(
            instrument=draw.randrange(3), sign=draw.choice((1, -1)), price=draw.randint(90, 110), is_market=False,
            quantity=draw.randint(1, 60), arrival_ns=draw.randint(90, 110), reduce_only=draw.random() < 0.1,
        )
        for _ in range(80)
    ]  # fmt: skip
    return [Wallet(2_000 * 10**8)], margins, listings, [MarketNumbers() for _ in range(3)], orders, requests


def test_what_an_account_allows_is_the_same_compiled():
    reasons = set()
    for seed in range(8):
        plain = account(random.Random(seed))
        rows = [as_rows(table) for table in account(random.Random(seed))]
        told, compiled = np.zeros((80, 4), "i8"), np.zeros((80, 4), "i8")
        trade.py_func(*plain, told)
        trade(*rows, compiled)
        assert told.tolist() == compiled.tolist()
        for table, row in zip(plain[:4], rows[:4], strict=True):
            for record, compiled_record in zip(table, row, strict=True):
                same(record, compiled_record)
        reasons |= set(told[:, 0].tolist())
    assert len(reasons) == 3  # allowed, insufficient, beyond the leverage


# -- auctions ----------------------------------------------------------------------------------------------------------


class Sink(NamedTuple):
    """What takes the answers of compiled code: a ring and its rows."""

    ring: Any
    answers: Any


@numba.njit
def open_with(venue, listings, markets, orders, requests, price, out):
    """Let orders gather, hold an auction, and release what is left of them."""
    seen = markets[0]
    seen.bid_price, seen.bid_quantity, seen.ask_price, seen.ask_quantity, seen.quote_ns = 98, 9, 103, 9, 1
    listings[0].gathering = True
    advance(venue[0], listings, markets, orders, requests, 1_000, out)
    listings[0].gathering = False
    if price > 0:
        hold_auction(venue[0], listings[0], orders, seen, price, 500, out)
    release(venue[0], listings[0], orders, seen, out)


@numba.njit
def open_rows(venue, listings, markets, orders, requests, price, ring, rows):
    """Drive the compiled form."""
    open_with(venue, listings, markets, orders, requests, price, Sink(ring[0], rows))


def gathered(seed):
    draw = random.Random(seed)
    listing = Listing()
    define(listing, NO_LATENCY, PLAIN)
    requests = [
        Request(
            arrival_ns=n * 50, row=n, sign=draw.choice((1, -1)), is_market=draw.random() < 0.3,
            time_in_force=draw.choice((0, 0, 1, 2)), quantity=draw.randint(1, 9), price=draw.randint(95, 106),
            post_only=False,
        )
        for n in range(16)
    ]  # fmt: skip
    numbers = venue_numbers(NO_LATENCY)
    numbers.request_count = 16
    return [numbers], [listing], [MarketNumbers()], [Order() for _ in range(16)], requests


@pytest.mark.parametrize("price", [0, 100, 104])
def test_auctions_are_the_same_compiled(price):
    heard = 0
    for seed in range(10):
        plain = gathered(seed)
        said: list[tuple[int, ...]] = []
        open_with.py_func(*plain, price, said)
        rows = [as_rows(table) for table in gathered(seed)]
        ring, ring_rows = table_of(Ring, 1), table_of(Answer, 256)
        open_rows(*rows, price, ring, ring_rows)
        assert [tuple(int(n) for n in row) for row in ring_rows[: ring[0]["count"]]] == said
        for table, compiled in zip(plain, rows, strict=True):
            for record, row in zip(table, compiled, strict=True):
                same(record, row)
        heard += len(said)
    assert heard > 200
