"""The one builder: live, paper, replay and backtest get their engine here."""

from dataclasses import dataclass, field

from core.clock import EventClock
from core.rng import Rng
from engine.actors import Actor
from engine.engine import Engine
from oms.manager import OrderManager
from oms.reconcile import ReconcileSettings
from oms.rules import AccountingRules
from risk.exits.settings import StrategyExits
from risk.gate import Gate
from risk.limits import RiskLimits
from risk.rules.functions import UserRule
from risk.sizing.settings import SizingSettings, StrategySizing
from strategies.base import Strategy, StrategyParams
from strategies.context import Context, OrderCounter


@dataclass(frozen=True, kw_only=True)
class StrategySpec:
    """One strategy to run: its id, class, parameters and the names of its instruments."""

    id: str
    strategy: type[Strategy]
    params: StrategyParams
    instruments: tuple[str, ...]
    sizing: StrategySizing | None = None
    """The rules of its sizes, for one that asks for sizes."""
    exits: StrategyExits | None = None
    """When its positions are closed for it."""


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
    memories = engine.desk.memories.by_name
    sizer = engine.sizing.sizer
    for number, spec in enumerate(settings.strategies, start=1):
        rng = Rng(settings.seed, stream=number)
        context = Context(spec.id, (), manager, clock, counter, rng, memories=memories, remembers=settings.carried)
        if spec.exits is not None:
            engine.guard(spec.id, spec.exits)
        if spec.sizing is not None:
            sizer.add(spec.id, spec.sizing, spec.instruments[0] if spec.instruments else "")
            context.sizes = sizer.size
        engine.desk.add(Actor(spec.strategy(spec.params, context), context, spec.instruments))
    return engine
