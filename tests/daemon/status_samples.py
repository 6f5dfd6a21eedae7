"""Statuses for the tests of what shows them."""

import msgspec

from daemon.status import (
    AccountStatus,
    AlertStatus,
    DustStatus,
    FeedStatus,
    FillStatus,
    FreezeStatus,
    LiveStatus,
    PositionStatus,
    RefusalStatus,
    Status,
    StrategyStatus,
    VenueStatus,
    WorthStatus,
)

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


def alert(message: str = "the book has a gap", severity: str = "error", code: str = "BOOK") -> AlertStatus:
    return AlertStatus(time_ns=NOON_NS, severity=severity, code=code, message=message)


def venue(**changes: object) -> VenueStatus:
    base = VenueStatus(
        venue="BINANCE",
        market_data="up",
        orders="up",
        private="up",
        link="up",
        link_reason="",
        books="agreed",
        step="",
        waits_for=[],
        books_reason="",
        books_age_ns=12 * SECOND_NS,
        unknown_orders=0,
        unknown_age_ns=-1,
        weight_used=500,
        weight_limit=6_000,
        orders_used=2,
        orders_limit=100,
        cancel_share=0.2,
        silent_ns=0,
        queued=0,
        throttled=3,
        fallbacks=1,
        clock_offset_ns=-1_250_000,
        clock_uncertainty_ns=400_000,
        clock_bound_ns=500_000_000,
        dead_man_ns=None,
        last_error="",
    )
    return msgspec.structs.replace(base, **changes)


def freeze(instrument: str = "BTCUSDT.BINANCE", **changes: object) -> FreezeStatus:
    base = FreezeStatus(
        instrument=instrument,
        state="frozen" if instrument else "halted",
        reason="balance of BTC: 0.52 at the venue, 0.51 in our books",
        since_ns=NOON_NS - 90 * SECOND_NS,
    )
    return msgspec.structs.replace(base, **changes)


def live(*venues: VenueStatus, **changes: object) -> LiveStatus:
    base = LiveStatus(
        account="main",
        epoch=91_232_580_944,
        order_prefix="t15wu8x4w",
        foreign_policy="halt",
        foreign_orders=0,
        snapshot_age_ns=180 * SECOND_NS,
        release="tickerd release",
        venues=list(venues) or [venue()],
        freezes=[],
    )
    return msgspec.structs.replace(base, **changes)


def account(**changes: object) -> AccountStatus:
    base = AccountStatus(
        base_currency="USDT",
        equity="100602.4689",
        worth=[
            WorthStatus(
                currency="BTC", amount="0.01", held="0", value="601.2343", rate="60123.43", path="BTCUSDT.BINANCE"
            ),
            WorthStatus(currency="USDT", amount="100001.2345", held="132.4", value="100001.2345", rate="1", path=""),
        ],
        unpriced=["BNB"],
        dust=[DustStatus(instrument="ETHUSDT.BINANCE", quantity="0.00004", why="orders are multiples of 0.0001 ETH")],
    )
    return msgspec.structs.replace(base, **changes)


def live_status(*venues: VenueStatus, **changes: object) -> Status:
    return status(mode="live", labels=[], account=account(), live=live(*venues, **changes))


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
        alerts=[alert(f"alert {n} " * 30) for n in range(50)],
        account=account(unpriced=[f"COIN{n}" for n in range(50)], equity="1e30"),
        live=live(
            *(
                venue(
                    venue=f"VENUE{n}" * 4,
                    books="comparing",
                    step="fills",
                    waits_for=[f"fills of {name}" for name in names[:4]],
                    dead_man_ns=n,
                    queued=10**9,
                    unknown_orders=10**6,
                    unknown_age_ns=10**18,
                    weight_used=10**12,
                    clock_offset_ns=-(10**15),
                )
                for n in range(9)
            ),
            freezes=[freeze(""), *(freeze(name, reason="why " * 90) for name in names)],
        ),
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
