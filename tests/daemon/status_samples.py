"""Statuses for the tests of what shows them."""

import msgspec

from daemon.status import FeedStatus, FillStatus, PositionStatus, RefusalStatus, Status, StrategyStatus

NOON_NS = 1_795_262_400_000_000_000  # 2026-11-21 12:00:00 UTC
SECOND_NS = 1_000_000_000


def feed(instrument: str = "BTCUSDT.BINANCE", **changes: object) -> FeedStatus:
    base = FeedStatus(
        instrument=instrument,
        connected=True,
        book="live",
        stale=[],
        age_ns=12_000_000,
        bid_price="60123.4",
        ask_price="60123.46",
        last_price="60123.45",
    )
    return msgspec.structs.replace(base, **changes)


def position(instrument: str = "BTCUSDT.BINANCE", **changes: object) -> PositionStatus:
    base = PositionStatus(
        instrument=instrument,
        quantity="0.01",
        average_price="60100.12",
        mark_price="60123.43",
        realised="1.5821",
        unrealised="-0.2331",
        fees="0.12",
        currency="USDT",
    )
    return msgspec.structs.replace(base, **changes)


def refusal(code: str = "MAX_POSITION", message: str = "position would be 0.55, the limit is 0.5") -> RefusalStatus:
    return RefusalStatus(
        time_ns=NOON_NS, strategy_id="quoter-eth", instrument="ETHUSDT.BINANCE", code=code, message=message
    )


def fill(side: str = "buy", price: str = "60123.4") -> FillStatus:
    return FillStatus(
        time_ns=NOON_NS,
        strategy_id="ema-btc",
        instrument="BTCUSDT.BINANCE",
        side=side,
        quantity="0.01",
        price=price,
    )


def status(**changes: object) -> Status:
    base = Status(
        session="var/sessions/20261121T115900Z-paper-7f3a",
        mode="paper",
        labels=["synthetic market"],
        state="READY",
        time_ns=NOON_NS + SECOND_NS,
        uptime_ns=41 * SECOND_NS,
        inputs=1_234_567,
        effects=2_345,
        events_per_s=1234.4,
        journal_bytes=12_900_000,
        rss_bytes=150_000_000,
        tick_to_order_p50_ns=41_300,
        tick_to_order_p99_ns=95_200,
        tick_to_order_count=321,
        loop_lag_ns=180_000,
        orders={"accepted": 2, "partially-filled": 1, "filled": 12, "cancelled": 40},
        commands=55,
        malformed={},
        reconnects=0,
        feeds=[feed(), feed("ETHUSDT.BINANCE", bid_price="2650.1", ask_price="2650.11", last_price="2650.1")],
        positions=[position()],
        balances={"USDT": "100001.2345", "BTC": "0.01"},
        strategies=[
            StrategyStatus(id="ema-btc", state="active", reason="", open_orders=0, fills=3),
            StrategyStatus(id="quoter-eth", state="active", reason="", open_orders=2, fills=9),
        ],
        refusals=[refusal()],
        fills=[fill(), fill("sell")],
        alerts=[],
    )
    return msgspec.structs.replace(base, **changes)


def crowded_status() -> Status:
    """Far more of everything than any screen holds, with names that are too long and figures that are too large."""
    names = [f"{'EXTRAORDINARILYLONGNAME' * (n % 3)}{n}USDT.BINANCE" for n in range(300)]
    return status(
        state="SOMETHING-NEW",
        labels=["synthetic market", "a label that goes on for very much longer than anybody should ever have wanted"],
        events_per_s=98_765_432.1,
        uptime_ns=400 * 86_400 * SECOND_NS,
        journal_bytes=1 << 43,
        orders={"unknown": 2, "a-state-of-tomorrow": 7, **{f"state-{n}": n for n in range(40)}},
        malformed={"not-json": 10**9},
        reconnects=1_000,
        feeds=[feed(name, connected=n % 50 != 49) for n, name in enumerate(names)],
        positions=[
            position(name, quantity=str(n % 5 - 2), realised=str(-(10**15) * n), currency=f"C{n % 4}")
            for n, name in enumerate(names)
        ],
        balances={f"COIN{n}": f"-{n}.000000001" for n in range(50)},
        strategies=[
            StrategyStatus(id=f"strategy-{n}" * 4, state="paused", reason="raised " * 40, open_orders=n, fills=10**8)
            for n in range(60)
        ],
        refusals=[refusal(f"CODE_{n}", "why " * 60) for n in range(100)],
        fills=[fill(price=f"{n}.00000001") for n in range(100)],
        alerts=[f"alert {n} " * 30 for n in range(50)],
    )


def empty_status() -> Status:
    """A daemon that has only just begun."""
    return status(
        session="",
        labels=[],
        state="STARTING",
        time_ns=0,
        uptime_ns=0,
        inputs=0,
        effects=0,
        events_per_s=0.0,
        tick_to_order_count=0,
        tick_to_order_p50_ns=0,
        tick_to_order_p99_ns=0,
        orders={},
        feeds=[],
        positions=[],
        balances={},
        strategies=[],
        refusals=[],
        fills=[],
    )
