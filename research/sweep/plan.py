"""What a sweep is, before it is run: settings, strategy, grid, driver. Processes get it as it stands."""

from typing import Literal

import msgspec

from config.errors import ConfigError
from config.load import Config
from config.settings import StrategySettings
from config.strategies import LoadedStrategy, load_strategy, strategy_params
from core.decimals import plain
from core.instruments import Instrument
from core.money import money
from research.backtest.driver import effective
from research.backtest.errors import DriverProblem
from research.sweep.errors import VaryProblem
from research.sweep.grid import Grid, Values, grid_of, with_params
from strategies import Kernel, StrategyParams

Driver = Literal["compiled", "python"]


class Plan(msgspec.Struct, frozen=True):
    """One sweep: `at` is the place of the varied strategy among the settings' strategies."""

    config: Config
    at: int
    grid: Grid
    driver: Driver
    currency: str  # "" for the one currency that the strategy's instruments are counted in

    @property
    def chosen(self) -> StrategySettings:
        """The settings of the strategy whose parameters are varied."""
        return self.config.settings.strategies[self.at]

    def load(self) -> LoadedStrategy:
        """Return the strategy. Raises StrategyProblem."""
        return load_strategy(self.chosen.use, self.config.folder, self.config.origin, ("strategies", self.at, "use"))

    def params(self, loaded: LoadedStrategy, values: Values) -> StrategyParams:
        """Return the parameters of one trial. Raises ConfigError, StrategyBroken where the strategy refuses them."""
        chosen = self.with_values(values)
        try:
            return msgspec.convert(chosen.params, loaded.strategy.Params)
        except Exception:  # noqa: BLE001 - a strategy's own checks raise whatever they like
            return strategy_params(chosen, loaded)  # which says what is wrong, and takes a hundred times as long

    def with_values(self, values: Values) -> StrategySettings:
        """Return the strategy's settings with the parameters of one trial."""
        chosen = self.chosen
        return msgspec.structs.replace(chosen, params=with_params(chosen.params, self.grid.names, values))

    def configured(self, values: Values) -> Config:
        """Return the whole configuration of one trial."""
        settings = self.config.settings
        strategies = list(settings.strategies)
        strategies[self.at] = self.with_values(values)
        changed = msgspec.structs.replace(settings, strategies=tuple(strategies))
        return msgspec.structs.replace(self.config, settings=changed)

    def start_money(self, currency: str) -> int:
        """Return what the account begins with in a currency, as money."""
        amount = self.config.settings.paper.balances.get(currency)
        return money(plain(amount)) if amount is not None else 0


def plan_of(config: Config, vary: list[str], *, strategy: str, driver: Driver | None, currency: str) -> Plan:
    """Return what command line and settings ask for. Raises ConfigError, VaryProblem, DriverProblem."""
    ids = [chosen.id for chosen in config.settings.strategies]
    if not ids:
        raise VaryProblem("the settings have no strategy to vary; add one under [[strategies]]")
    if strategy and strategy not in ids:
        raise VaryProblem(f"no strategy {strategy} in the settings; they have {', '.join(ids)}")
    if not strategy and len(ids) > 1:
        raise VaryProblem(f"the settings have {len(ids)} strategies; say which to vary: --strategy {'|'.join(ids)}")
    if config.settings.backtest.journal:
        raise DriverProblem("a sweep writes no journals: leave journal = true out of [backtest]")
    at = ids.index(strategy) if strategy else 0
    kind = Plan(config, at, Grid({}), "python", currency).load().strategy
    grid = grid_of(vary, kind.Params)
    chosen = driver or driver_for(kind)
    backtest = msgspec.structs.replace(config.settings.backtest, driver=chosen)
    settings = effective(msgspec.structs.replace(config.settings, backtest=backtest))
    return Plan(msgspec.structs.replace(config, settings=settings), at, grid, chosen, currency)


def driver_for(kind: type) -> Driver:
    """Return the driver of a strategy where none was asked for: the faster one that can run it."""
    return "compiled" if issubclass(kind, Kernel) else "python"


def refusal(error: Exception) -> str:
    """Return why parameters are refused, in one line."""
    if isinstance(error, ConfigError):
        return str(error.all[0])
    return f"{type(error).__name__}: {error}".partition("\n")[0]


def currency_of(plan: Plan, instruments: list[Instrument]) -> str:
    """Return the currency that trials are counted in. Raises VaryProblem where there are several and none is named."""
    wanted = {name for each in plan.config.settings.strategies for name in each.instruments}
    known = sorted({each.currency for each in instruments if each.id in wanted})
    if plan.currency:
        if plan.currency not in known:
            raise VaryProblem(f"nothing is counted in {plan.currency}; there is {', '.join(known) or 'nothing'}")
        return plan.currency
    if len(known) != 1:
        raise VaryProblem(f"profits come in {', '.join(known) or 'no currency'}; say which counts: --currency NAME")
    return known[0]
