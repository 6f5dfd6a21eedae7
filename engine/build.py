"""The one builder: live, paper, replay and backtest get their engine here."""

from dataclasses import dataclass, field

from core.clock import EventClock
from engine.engine import Engine
from engine.spec import StrategyLoader, StrategySpec
from oms.manager import OrderManager
from oms.reconcile import ReconcileSettings
from oms.rules import AccountingRules
from risk.gate import Gate
from risk.limits import RiskLimits
from risk.rules.functions import UserRule
from risk.sizing.settings import SizingSettings
from strategies.context import OrderCounter


@dataclass(frozen=True, kw_only=True)
class EngineSettings:
    """All that decides what an engine does, beside its inputs.

    `epoch` is `core.ids.session_epoch` of the session's start; `balances` is money by currency.
    """

    epoch: int
    seed: int
    limits: RiskLimits
    strategies: tuple[StrategySpec, ...] = ()
    balances: dict[str, int] = field(default_factory=dict)
    reconcile: ReconcileSettings | None = None
    """With whom our books are compared, and how often; None where nobody else keeps any (paper, backtests)."""
    native_orders: bool = False
    """Whether order words that a venue keeps itself (`Instrument.native`) are left to it; else tickerd keeps all.

    Replacing is no such word: the simulated venues do it where the venues that they stand for do."""
    carried: bool = False
    """Whether a later session goes on from this one: then execution algorithms of the settings go on in it."""
    accounting: AccountingRules = field(default_factory=AccountingRules)
    loader: StrategyLoader | None = None
    """Builds strategies that are added while the session runs; None where none can be."""
    rules: tuple[UserRule, ...] = ()
    """Users' functions that `limits.rules` names, loaded."""
    sizing: SizingSettings = field(default_factory=SizingSettings)


def build_engine(settings: EngineSettings) -> Engine:
    """Return an engine that has seen nothing yet."""
    clock = EventClock()
    counter = OrderCounter(settings.epoch)
    manager = OrderManager(settings.balances, rules=settings.accounting)
    engine = Engine(
        Gate(settings.limits, settings.rules),
        manager,
        clock,
        counter,
        native_orders=settings.native_orders,
        reconcile=settings.reconcile,
        sizing=settings.sizing,
    )
    engine.sizing.sizer.figures.trades.counting = any(
        spec.sizing is not None and spec.sizing.kelly is not None for spec in settings.strategies
    )
    engine.roster.attach = engine.attach
    engine.roster.begin(settings.strategies, settings.seed, settings.loader, lasting=settings.carried)
    return engine
