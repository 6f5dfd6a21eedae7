# mypy: ignore-errors
# Runs in the peer's environment; its packages are unknown to ours.
"""vectorbt: a sweep of pairs of EMA spans over the bars. Scenario: `sweep-N` for N pairs at once.

`events` are the bars times the pairs.
"""

import numpy as np
import pandas as pd
import scenario as given
import vectorbt as vbt


def sweep(close: pd.Series, spans: list[tuple[int, int]]) -> int:
    """Return how many orders all pairs together made; the returns of each are computed."""
    fast = vbt.MA.run(close, [span for span, _ in spans], ewm=True, run_unique=True).ma.to_numpy()
    slow = vbt.MA.run(close, [span for _, span in spans], ewm=True, run_unique=True).ma.to_numpy()
    above = fast > slow  # faster than its crossing signals; a portfolio that is long already passes them over
    portfolio = vbt.Portfolio.from_signals(
        close,
        above,
        ~above,
        size=given.QUANTITY,
        init_cash=given.CASH,
        fees=given.FEE,
        freq="1min",
    )
    assert len(portfolio.total_return()) == len(spans)
    return int(portfolio.orders.count().sum())


def main() -> None:
    """Run two pairs on a little to compile, then time the whole."""
    name, folder = given.arguments()
    spans = given.pairs(int(name.removeprefix("sweep-")))
    rows = np.load(folder / "bars.npy")
    close = pd.Series(rows["close"] / given.PRICE_UNITS, index=pd.DatetimeIndex(rows["ts_ns"]))
    sweep(close[:2_000], spans[:2])
    with given.Timed() as took:
        orders = sweep(close, spans)
    events = len(rows) * len(spans)
    given.report(events=events, orders=orders, took=took, version=vbt.__version__, pairs=len(spans))


if __name__ == "__main__":
    main()
