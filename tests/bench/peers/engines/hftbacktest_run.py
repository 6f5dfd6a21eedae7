# mypy: ignore-errors
# Runs in the peer's environment; its packages are unknown to ours.
"""hftbacktest: depth and trade events with queue positions and latencies; a market maker and an EMA cross.

Scenarios: `maker-hash`, `maker-array`, `ema-hash`, `ema-array`; the second word is the kind of market depth.
"""

from pathlib import Path

import hftbacktest as hft
import numba
import numpy as np
import scenario as given

WARM_UP_EVENTS = 20_000
END_OF_DATA = 1
STEP_NS, TICK, QUANTITY = given.STEP_NS, given.TICK, given.QUANTITY
SIZE = given.MAKER_LOTS * given.LOT
SKEW, SKEW_TICKS = given.MAKER_SKEW_LOTS * given.LOT, given.MAKER_SKEW_TICKS
FAST_ALPHA, SLOW_ALPHA = 2 / (given.EVENTS_FAST + 1), 2 / (given.EVENTS_SLOW + 1)
WARM_UP = given.EVENTS_SLOW


def load(folder: Path) -> np.ndarray:
    """Return the events in its columns: seen by the exchange at once, by the strategy after the feed's latency."""
    rows = np.load(folder / "events.npy")
    events = np.zeros(len(rows), hft.binding.event_dtype)
    kinds = np.where(rows["kind"] == given.TRADE, hft.TRADE_EVENT, hft.DEPTH_EVENT)
    sides = np.where(rows["side"] > 0, hft.BUY_EVENT, hft.SELL_EVENT)
    events["ev"] = kinds | sides | hft.EXCH_EVENT | hft.LOCAL_EVENT
    events["exch_ts"] = rows["ts_ns"]
    events["local_ts"] = rows["ts_ns"] + given.FEED_LATENCY_NS
    events["px"] = rows["price"] * TICK
    events["qty"] = rows["quantity"] * given.LOT
    return events


def asset(events: np.ndarray) -> hft.BacktestAsset:
    """Return the instrument: linear, constant latencies, a queue position model, fees.

    Orders fill whole or not at all: with `partial_fill_exchange` 2.4.4 ends the run at the first fill that takes
    exactly what is left of an order (its issue 312, InvalidOrderStatus).
    """
    low, high = events["px"].min() - 50, events["px"].max() + 50
    return (
        hft.BacktestAsset()
        .data(events)
        .linear_asset(1.0)
        .constant_order_latency(given.ENTRY_LATENCY_NS, given.RESPONSE_LATENCY_NS)
        .power_prob_queue_model(2.0)
        .no_partial_fill_exchange()
        .trading_value_fee_model(given.FEE, given.FEE)
        .tick_size(TICK)
        .lot_size(given.LOT)
        .roi_lb(low)
        .roi_ub(high)
        .last_trades_capacity(0)
    )


@numba.njit
def make_market(hbt):  # pragma: no cover - compiled
    """Cancel both quotes and put them anew at every step; return how many were put and why it ended."""
    orders, bid_id, ask_id = 0, 0, 0
    while True:
        ended = hbt.elapse(STEP_NS)
        if ended:
            return orders, ended
        hbt.clear_inactive_orders(0)
        depth, position = hbt.depth(0), hbt.position(0)
        working = hbt.orders(0)
        if orders:
            if bid_id in working and working.get(bid_id).cancellable:
                hbt.cancel(0, bid_id, False)
            if ask_id in working and working.get(ask_id).cancellable:
                hbt.cancel(0, ask_id, False)
        lots = round(position / SKEW)
        bid_tick = depth.best_bid_tick - min(max(lots, 0), SKEW_TICKS)
        ask_tick = depth.best_ask_tick + min(max(-lots, 0), SKEW_TICKS)
        bid_id, ask_id = orders + 1, orders + 2
        hbt.submit_buy_order(0, bid_id, bid_tick * TICK, SIZE, hft.GTX, hft.LIMIT, False)
        hbt.submit_sell_order(0, ask_id, ask_tick * TICK, SIZE, hft.GTX, hft.LIMIT, False)
        orders += 2


@numba.njit
def cross(hbt):  # pragma: no cover - compiled
    """Trade the crossing of two averages of the mid, looked at every step; return how many orders, why it ended."""
    orders, seen, fast, slow, long = 0, 0, 0.0, 0.0, False
    while True:
        ended = hbt.elapse(STEP_NS)
        if ended:
            return orders, ended
        hbt.clear_inactive_orders(0)
        depth = hbt.depth(0)
        mid = (depth.best_bid + depth.best_ask) / 2.0
        if not seen:
            fast = slow = mid
        else:
            fast += FAST_ALPHA * (mid - fast)
            slow += SLOW_ALPHA * (mid - slow)
        if seen >= WARM_UP and (fast > slow) != long:
            long = not long
            orders += 1
            if long:
                hbt.submit_buy_order(0, orders, depth.best_ask, QUANTITY, hft.GTC, hft.MARKET, False)
            else:
                hbt.submit_sell_order(0, orders, depth.best_bid, QUANTITY, hft.GTC, hft.MARKET, False)
        seen += 1


def main() -> None:
    """Run once on a little to compile, then time the whole; building the backtest is not timed."""
    name, folder = given.arguments()
    strategy, depth = name.split("-")
    build = hft.HashMapMarketDepthBacktest if depth == "hash" else hft.ROIVectorMarketDepthBacktest
    run = make_market if strategy == "maker" else cross
    events = load(folder)
    warm = build([asset(events[:WARM_UP_EVENTS])])
    run(warm)
    warm.close()
    backtest = build([asset(events)])
    with given.Timed() as took:
        orders, ended = run(backtest)
    assert ended == END_OF_DATA, f"hftbacktest stopped with error {ended}"
    state = backtest.state_values(0)
    fills, position, balance = int(state.num_trades), float(state.position), float(state.balance)
    backtest.close()
    given.report(
        events=len(events),
        orders=orders,
        took=took,
        version=hft.__version__,
        fills=fills,
        position=position,
        balance=balance,
    )


if __name__ == "__main__":
    main()
