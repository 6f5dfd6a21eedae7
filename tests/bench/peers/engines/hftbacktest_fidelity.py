# mypy: ignore-errors
# Runs in the peer's environment; its packages are unknown to ours.
"""hftbacktest's side of `python -m research.fidelity`: the strategies of `research/fidelity/steps.py`, single orders.

`hftbacktest_fidelity.py JOBS` reads a JSON list of jobs and writes each one's orders to its `out` (.npz): what became
of every order, and the state at the end. A job that the engine ends early keeps its error code and what was known.
"""

import json
import sys
from pathlib import Path

import hftbacktest as hft
import numba
import numpy as np
from hftbacktest.data import correct_event_order, correct_local_timestamp, validate_event_order

END_OF_DATA = 1
NANOSECOND = 1
INTEGERS = ("id", "side", "tick", "status", "exch_ns", "exec_tick", "maker")
FLOATS = ("quantity", "leaves")


@numba.njit
def reach(hbt, at_ns):  # pragma: no cover - compiled
    """Let time pass to `at_ns`; return hftbacktest's code, 0 if all is well."""
    wait = at_ns - hbt.current_timestamp
    return hbt.elapse(wait) if wait > 0 else 0


@numba.njit
def keep_side(hbt, side, wanted, tick, quantity, next_id, sent):  # pragma: no cover - compiled
    """Cancel what rests at another price than `wanted` (ticks, 0: none), put an order there; return the next id."""
    rests = False
    orders = hbt.orders(0).values()
    while orders.has_next():
        order = orders.get()
        if order.side == side and order.cancellable:
            if order.price_tick == wanted:
                rests = True
            else:
                hbt.cancel(0, order.order_id, False)
    if wanted == 0 or rests:
        return next_id
    if side == hft.BUY:
        hbt.submit_buy_order(0, next_id, wanted * tick, quantity, hft.GTX, hft.LIMIT, False)
    else:
        hbt.submit_sell_order(0, next_id, wanted * tick, quantity, hft.GTX, hft.LIMIT, False)
    sent[next_id] = hbt.current_timestamp
    return next_id + 1


@numba.njit
def cancel_all(hbt):  # pragma: no cover - compiled
    """Cancel what rests."""
    orders = hbt.orders(0).values()
    while orders.has_next():
        order = orders.get()
        if order.cancellable:
            hbt.cancel(0, order.order_id, False)


@numba.njit
def make_market(hbt, sent, first_ns, step_ns, count, tick, lot, lots, ticks, limit):  # pragma: no cover - compiled
    """Quote both sides; return why it ended."""
    next_id = 1
    code = hbt.elapse(NANOSECOND)
    for step in range(count):
        if code == 0:
            code = reach(hbt, first_ns + step * step_ns)
        if code:
            return code
        depth = hbt.depth(0)
        position = round(hbt.position(0) / lot)
        bid = depth.best_bid_tick - ticks if position + lots <= limit * lots else 0
        ask = depth.best_ask_tick + ticks if position - lots >= -limit * lots else 0
        next_id = keep_side(hbt, hft.BUY, bid, tick, lots * lot, next_id, sent)
        next_id = keep_side(hbt, hft.SELL, ask, tick, lots * lot, next_id, sent)
    code = reach(hbt, first_ns + count * step_ns)
    if code == 0:
        cancel_all(hbt)
    while code == 0:
        code = hbt.elapse(step_ns)
    return code


@numba.njit
def cross(hbt, sent, first_ns, step_ns, count, lot, lots, fast_span, slow_span):  # pragma: no cover - compiled
    """Trade the crossing of two averages; return why it ended."""
    orders, fast, slow, long = 0, 0.0, 0.0, False
    code = hbt.elapse(NANOSECOND)
    for step in range(count):
        if code == 0:
            code = reach(hbt, first_ns + step * step_ns)
        if code:
            return code
        depth = hbt.depth(0)
        middle = (depth.best_bid_tick + depth.best_ask_tick) / 2.0
        if step == 0:
            fast = slow = middle
        else:
            fast += 2 / (fast_span + 1) * (middle - fast)
            slow += 2 / (slow_span + 1) * (middle - slow)
        if step >= slow_span and (fast > slow) != long:
            long = not long
            orders += 1
            sent[orders] = hbt.current_timestamp
            if long:
                hbt.submit_buy_order(0, orders, depth.best_ask, lots * lot, hft.GTC, hft.MARKET, False)
            else:
                hbt.submit_sell_order(0, orders, depth.best_bid, lots * lot, hft.GTC, hft.MARKET, False)
    while code == 0:
        code = hbt.elapse(step_ns)
    return code


@numba.njit
def follow_script(  # pragma: no cover - compiled
    hbt, sent, times, ids, is_cancel, sides, ticks, quantities, post_only, tick
):
    """Send and cancel single orders at given times; return why it ended."""
    code = hbt.elapse(NANOSECOND)
    for row in range(len(times)):
        if code == 0:
            code = reach(hbt, times[row])
        if code:
            return code
        number = ids[row]
        if is_cancel[row]:
            orders = hbt.orders(0)
            if number in orders and orders.get(number).cancellable:
                hbt.cancel(0, number, False)
        else:
            kind = hft.GTX if post_only[row] else hft.GTC
            sent[number] = hbt.current_timestamp
            if sides[row] > 0:
                hbt.submit_buy_order(0, number, ticks[row] * tick, quantities[row], kind, hft.LIMIT, False)
            else:
                hbt.submit_sell_order(0, number, ticks[row] * tick, quantities[row], kind, hft.LIMIT, False)
    while code == 0:
        code = hbt.elapse(1_000_000_000)
    return code


@numba.njit
def gather(hbt, integers, floats):  # pragma: no cover - compiled
    """Write every order into rows; return how many. Times are integers: a float would round them."""
    count = 0
    orders = hbt.orders(0).values()
    while orders.has_next():
        order = orders.get()
        integers[count, 0] = order.order_id
        integers[count, 1] = order.side
        integers[count, 2] = order.price_tick
        integers[count, 3] = order.status
        integers[count, 4] = order.exch_timestamp
        integers[count, 5] = order.exec_price_tick
        integers[count, 6] = 1 if order.arr[0].maker else 0
        floats[count, 0] = order.qty
        floats[count, 1] = order.leaves_qty
        count += 1
    return count


def load(job: dict) -> np.ndarray:
    """Return the events; where they have the exchange's times, put right as hftbacktest's converters do."""
    given = np.load(job["events"])
    events = np.zeros(len(given), hft.binding.event_dtype)
    for name in given.dtype.names:
        events[name] = given[name]
    if not job["venue_time"]:
        return events
    events = correct_local_timestamp(events, job["feed_ns"])
    orders = (np.argsort(events[name], kind="mergesort") for name in ("exch_ts", "local_ts"))
    events = correct_event_order(events, *orders)
    validate_event_order(events)
    return events


def build(job: dict, events: np.ndarray):
    """Return the backtest of one job."""
    asset = hft.BacktestAsset().data(events).linear_asset(1.0)
    asset = asset.constant_order_latency(job["entry_ns"], job["response_ns"])
    if job["queue"] == "risk":
        asset = asset.risk_adverse_queue_model()
    else:
        asset = asset.power_prob_queue_model(job["parameter"])
    asset = asset.partial_fill_exchange() if job["partial"] else asset.no_partial_fill_exchange()
    asset = asset.trading_value_fee_model(job["maker_fee"], job["taker_fee"])
    asset = asset.tick_size(job["tick"]).lot_size(job["lot"]).last_trades_capacity(0)
    return hft.HashMapMarketDepthBacktest([asset])


def run(job: dict, hbt, shift_ns: int, sent: np.ndarray) -> int:
    """Run one job; times of the job are on the reception clock, which the data may run `shift_ns` ahead of."""
    if job["run"] == "singles":
        script = np.load(job["script"])
        count = len(script)
        times = np.concatenate([script["submit_ns"], script["cancel_ns"]]) + shift_ns
        order = np.argsort(times, kind="mergesort")
        twice = {name: np.concatenate([script[name], script[name]])[order] for name in ("side", "tick", "post_only")}
        # hftbacktest 2.4.4 ends a run where a partial fill takes exactly what is left of an order: a fraction of a lot
        # more, and it never does.
        sizes = script["quantity"] * job["unit"] + (0.6 * job["lot"] if job["partial"] else 0.0)
        return follow_script(
            hbt, sent, times[order], (np.arange(2 * count) % count + 1)[order], (np.arange(2 * count) >= count)[order],
            twice["side"], twice["tick"], np.concatenate([sizes, sizes])[order], twice["post_only"], job["tick"],
        )  # fmt: skip
    first_ns = job["first_ns"] + shift_ns
    common = (hbt, sent, first_ns, job["step_ns"], job["count"])
    if job["run"] == "maker":
        return make_market(*common, job["tick"], job["lot"], job["lots"], job["ticks"], job["limit"])
    return cross(*common, job["lot"], job["lots"], job["fast"], job["slow"])


def main() -> None:
    """Run all jobs."""
    for job in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")):
        events = load(job)
        given = np.load(job["events"], mmap_mode="r")
        # The converter moves the local clock by one constant: the last time of reception tells by how much.
        shift_ns = int(events["local_ts"].max() - given["local_ts"].max())
        hbt = build(job, events)
        sent = np.zeros(job["orders_max"] + 1, np.int64)
        code = run(job, hbt, shift_ns, sent)
        integers = np.zeros((job["orders_max"], len(INTEGERS)), np.int64)
        floats = np.zeros((job["orders_max"], len(FLOATS)))
        count = gather(hbt, integers, floats)
        state = hbt.state_values(0)
        columns = {name: integers[:count, place] for place, name in enumerate(INTEGERS)}
        columns |= {name: floats[:count, place] for place, name in enumerate(FLOATS)}
        np.savez(
            job["out"],
            code=code,
            shift_ns=shift_ns,
            state=np.array([state.position, state.balance, state.fee]),
            trades=state.num_trades,
            sent_ns=sent[columns["id"]],
            **columns,
        )
        hbt.close()


if __name__ == "__main__":
    main()
