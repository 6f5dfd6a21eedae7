"""Which figures are taken: a peer's scenario beside ours, and how many times as fast ours shall be."""

import msgspec

SWEEP_PAIRS = 1_000  # ours, one after the other
PEER_PAIRS = 40  # vectorbt's: it holds all of them in memory at once
SCAN = "numba loop"  # not a peer: the limit that this machine sets
SWEEP_MEMORY_MB = 300


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One figure: `script` in engines/ runs `scenario`, ours runs `ours`; `goal`: ours over the peer's, 0 for none."""

    name: str
    title: str
    peer: str
    script: str
    scenario: str
    ours: str
    goal: float
    unit: str = "events/s"
    per: int = 1  # events to one of the unit: a sweep's bars to a pair


def rows(bars: int) -> list[Row]:
    """Return all rows; `bars` is how many one pair of a sweep runs over."""
    quotes, crossed = "2 million quotes, no strategy", "2 million quotes, Python EMA cross"
    barred, maker = "250,000 bars, Python EMA cross", "3 million L2/trade events, market-making kernel"
    crossing = "3 million L2/trade events, EMA-cross kernel"
    sweep = f"sweep of {SWEEP_PAIRS:,} EMA-cross pairs over 250,000 bars; {PEER_PAIRS} at once of vectorbt, for memory"
    python = [
        ("quotes", quotes, "nautilus_trader", "nautilus_run.py", "quotes", 5),
        ("quotes-ema", crossed, "nautilus_trader", "nautilus_run.py", "quotes-ema", 5),
        ("bars-ema", barred, "nautilus_trader", "nautilus_run.py", "bars-ema", 10),
        ("bars-ema", barred, "backtrader", "backtrader_run.py", "bars-ema", 20),
        ("bars-ema", barred, "freqtrade", "freqtrade_run.py", "bars-ema", 15),
        ("bars-ema", barred, "jesse", "jesse_run.py", "bars-ema", 10),
        ("bars-ema", barred, "backtesting", "backtesting_run.py", "bars-ema", 3),
    ]
    made = [
        Row(name=name, title=title, peer=peer, script=script, scenario=scenario, ours=name, goal=goal)
        for name, title, peer, script, scenario, goal in python
    ]
    for name, title in (("events-maker", maker), ("events-ema", crossing)):
        strategy = name.removeprefix("events-")
        made += [
            Row(
                name=f"{name}-{depth}",
                title=f"{title}; its {depth} depth",
                peer="hftbacktest",
                script="hftbacktest_run.py",
                scenario=f"{strategy}-{depth}",
                ours=name,
                goal=2,
            )
            for depth in ("hash", "array")
        ]
    made.append(
        Row(
            name="sweep",
            title=sweep,
            peer="vectorbt",
            script="vectorbt_run.py",
            scenario=f"sweep-{PEER_PAIRS}",
            ours=f"sweep-{SWEEP_PAIRS}",
            goal=10,
            unit="pairs/s",
            per=bars,
        )
    )
    limit = "limit: numba loop over 64-byte records"
    made.append(
        Row(name="limit", title=limit, peer=SCAN, script="scan_run.py", scenario="scan", ours="events-ema", goal=0)
    )
    return made
