"""A sweep of the EMA cross in tests: settings, a plan, and a backtest of the same parameters beside it."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from config.load import Config
from config.settings import DataSettings
from core.records import Event
from research.backtest.account import CurrencyResult
from research.backtest.driver import Backtest
from research.sweep.figures import Figures
from research.sweep.grid import Values
from research.sweep.plan import Plan, plan_of
from tests.research.backtest.made import SETTINGS, backtest, bars, config

KERNEL = SETTINGS.replace('"ema-cross"', '"ema-cross-kernel"')
VARY = ["fast=2,5,9", "slow=12,30"]


def walk(count: int, seed: int = 7) -> list[Event]:
    """Bars of a random walk."""
    moves = np.random.default_rng(seed).integers(-900, 905, count)
    return bars((6_000_000 + np.cumsum(moves)).tolist())


def plan(folder: Path, vary: list[str] = VARY, text: str = KERNEL, driver: str | None = None, **settings: Any) -> Plan:
    chosen = with_data(config(text, **settings), folder)
    return plan_of(chosen, list(vary), strategy="", driver=driver, currency="")  # type: ignore[arg-type]


def with_data(chosen: Config, *folders: Path) -> Config:
    """The configuration with these folders as the data of [backtest]."""
    settings = chosen.settings
    data = msgspec.structs.replace(settings.backtest, data=tuple(DataSettings(source=str(each)) for each in folders))
    return msgspec.structs.replace(chosen, settings=msgspec.structs.replace(settings, backtest=data))


def alone(swept: Plan, values: Values, folder: Path, out: Path, driver: str) -> Backtest:
    """A backtest of one combination by itself, with a run folder."""
    chosen = swept.configured(values)
    changed = msgspec.structs.replace(chosen.settings.backtest, driver=driver)
    chosen = msgspec.structs.replace(chosen, settings=msgspec.structs.replace(chosen.settings, backtest=changed))
    return backtest(chosen, folder, out=out)


def told(done: Backtest) -> tuple[int, int, int, CurrencyResult]:
    """What a backtest came to, as far as a sweep tells it."""
    virtual = done.virtual
    return virtual.orders, virtual.fills, sum(virtual.refusals.values()), done.account.results()["USDT"]


def same(figures: Figures, done: Backtest) -> bool:
    """Whether a trial came to what a backtest came to; the Sharpe ratio to the last digits that rounding leaves."""
    orders, fills, refusals, result = told(done)
    assert (figures.orders, figures.fills, figures.refusals) == (orders, fills, refusals)
    assert (figures.end, figures.profit, figures.fees) == (result.end, result.profit, result.fees)
    assert (figures.max_drawdown, figures.max_drawdown_share) == (result.max_drawdown, result.max_drawdown_share)
    assert (figures.sharpe is None) == (result.sharpe is None)
    if figures.sharpe is not None and result.sharpe is not None:
        assert abs(figures.sharpe - result.sharpe) <= 1e-9 * abs(result.sharpe)
    return True
