"""How a backtest went: the struct is the JSON, the lines are for people."""

import msgspec

from core.market import mark_price_of
from engine.engine import Engine
from research.backtest.account import CurrencyResult
from research.backtest.driver import Backtest
from research.backtest.folder import JOURNAL
from research.backtest.times import moment

_NAME_WIDTH = 11


class PositionResult(msgspec.Struct, frozen=True, kw_only=True):
    """One position at the end; prices and quantities are text."""

    instrument: str
    quantity: str
    average_price: str
    mark_price: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Everything worth telling of one backtest. Shares are of 1, money is text by currency."""

    folder: str
    state: str  # "ended", "interrupted"
    reason: str
    from_time: str
    until_time: str
    span_ns: int
    elapsed_s: float
    inputs: int
    inputs_per_s: int
    orders: int
    orders_by_state: dict[str, int]
    fills: int
    refusals: dict[str, int]
    currencies: dict[str, CurrencyResult]
    positions: list[PositionResult]
    exposure_share: float  # of the time, in which there was any position
    sample_s: float
    samples: int
    data_digests: list[str]
    config_digest: str
    outcome_digest: str  # of every effect, in order
    engine_digest: str
    driver: str
    paused: dict[str, str]  # strategies that failed or lacked an instrument, and why
    journal: str
    command: str  # the command that repeats it


def summary_of(backtest: Backtest) -> Summary:
    """Return the figures of a backtest that has been run."""
    engine, virtual, now_ns = backtest.engine, backtest.virtual, backtest.now_ns
    span_ns = max(0, now_ns - backtest.started_ns)
    path = backtest.folder.path if backtest.folder is not None else None
    states = engine.manager.counts_by_state()
    journal = str(path / JOURNAL) if path is not None and backtest.settings.backtest.journal else ""
    return Summary(
        folder=str(path or ""),
        state=backtest.state,
        reason=backtest.reason,
        from_time=moment(backtest.started_ns),
        until_time=moment(now_ns),
        span_ns=span_ns,
        elapsed_s=round(backtest.elapsed_s, 6),
        inputs=backtest.inputs,
        inputs_per_s=round(backtest.inputs / backtest.elapsed_s) if backtest.elapsed_s else 0,
        orders=virtual.orders,
        orders_by_state={state.value: count for state, count in states.items() if count},
        fills=virtual.fills,
        refusals=dict(sorted(virtual.refusals.items())),
        currencies=backtest.account.results(),
        positions=_positions(engine),
        exposure_share=round(backtest.account.exposed_ns(now_ns) / span_ns, 6) if span_ns else 0.0,
        sample_s=backtest.step_ns / 1e9,
        samples=backtest.account.samples,
        data_digests=[source.digest for source in backtest.data.sources()],
        config_digest=backtest.config_digest,
        outcome_digest=backtest.folder.digest() if backtest.folder is not None else "",
        engine_digest=backtest.engine_digest,
        driver=backtest.settings.backtest.driver,
        paused=dict(backtest.folder.paused) if backtest.folder is not None else {},
        journal=journal,
        command=backtest.command,
    )


def summary_text(summary: Summary) -> str:
    """Return the summary as plain lines, each a name and what is to be said."""
    rate = f"{summary.inputs_per_s:,} a second"
    rows = [
        ("state", summary.state if summary.state == "ended" else f"{summary.state.upper()}: {summary.reason}"),
        ("data", f"{summary.inputs:,} inputs  {summary.from_time} to {summary.until_time}"),
        ("ran", f"{summary.elapsed_s:.2f} s, {rate}, {summary.driver} driver"),
        ("orders", _counts(summary.orders_by_state)),
        ("fills", f"{summary.fills:,}"),
        ("refused", _counts(summary.refusals)),
    ]
    for currency, result in summary.currencies.items():
        rows += _currency_rows(currency, result, f"{summary.samples:,} samples every {summary.sample_s:g} s")
    rows.append(("exposed", f"{summary.exposure_share * 100:.1f} % of the time"))
    for position in summary.positions:
        average = f"at {position.average_price}, now {position.mark_price}"
        rows.append(("position", f"{position.quantity} {position.instrument} {average}"))
    rows += [("paused", f"{name}: {why}") for name, why in summary.paused.items()]
    rows += [("digest", summary.engine_digest), ("folder", summary.folder)]
    if summary.journal:
        rows.append(("journal", summary.journal))
    rows.append(("again", summary.command))
    return "".join(f"{name:<{_NAME_WIDTH}}{text}\n" for name, text in rows if text)


def _currency_rows(currency: str, result: CurrencyResult, samples: str) -> list[tuple[str, str]]:
    """Return what there is to say of one currency."""
    parts = f"realised {result.realised}  unrealised {result.unrealised}  fees {result.fees}"
    drawdown = f"{result.max_drawdown} ({result.max_drawdown_share * 100:.2f} %)"
    sharpe = "none (less than a day, or nothing moved)" if result.sharpe is None else f"{result.sharpe:.2f}"
    return [
        ("P&L", f"{result.profit} {currency}  {parts}"),
        ("equity", f"{result.start} to {result.end} {currency}  max drawdown {drawdown}"),
        ("turnover", f"{result.turnover} {currency}"),
        ("Sharpe", f"{sharpe}, of {samples}, a year of 365 days, no risk-free rate"),
    ]


def _counts(counts: dict[str, int]) -> str:
    """Return `12 filled  40 cancelled`, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return "  ".join(f"{count:,} {name}" for name, count in ordered) or "none"


def _positions(engine: Engine) -> list[PositionResult]:
    """Return every position that is open at the end."""
    rows = []
    for market in engine.markets:
        position, instrument = engine.manager.position(market.index), market.instrument
        if position.quantity:
            rows.append(
                PositionResult(
                    instrument=instrument.id,
                    quantity=instrument.quantity_text(position.quantity),
                    average_price=instrument.price_text(round(position.average_price)),
                    mark_price=instrument.price_text(mark_price_of(market)),
                )
            )
    return rows
