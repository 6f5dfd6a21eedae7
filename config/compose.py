"""From settings to an engine, and to the head of the session that it will write: the same for paper and replay."""

from collections.abc import Mapping

import msgspec

from config import head
from config.digest import config_digest, decision_config, plain_table, recorded_strategy
from config.errors import ConfigError
from config.rule_functions import load_functions
from config.settings import Mode, Settings, StrategySettings
from config.strategies import LoadedStrategy, effective_params, load_recorded, strategy_params
from core.decimals import plain
from core.ids import session_epoch
from core.money import money
from core.roster import StrategyDefinition, definition_text
from engine.build import EngineSettings
from engine.spec import StrategySpec
from journal.head import SessionHead, StrategySource
from oms.reconcile import ForeignPolicy, ReconcileSettings

_DEFINED = ("id", "use", "instruments", "params")


def recorded_strategies(settings: Settings, session: SessionHead) -> dict[str, LoadedStrategy]:
    """Return the strategies as the session recorded them, files by their recorded source. Raises ConfigError."""
    sources = {source.id: source for source in session.strategies}
    return {chosen.id: load_recorded(sources[chosen.id]) for chosen in settings.strategies}


class StrategyLoading:
    """Builds strategies that are added while a session runs, from their definitions alone: the same in a replay."""

    def __init__(self) -> None:
        """Have nothing prepared."""
        self._prepared: dict[str, StrategySpec] = {}

    def prepare(self, definition: StrategyDefinition) -> None:
        """Load one that is about to be added, off the event loop: imports take their time. Raises ConfigError."""
        self._prepared = {definition_text(definition): _defined(definition)}

    def __call__(self, definition: StrategyDefinition) -> StrategySpec | str:
        """Return the strategy of a definition, or why it cannot be built; what was prepared is used once."""
        prepared = self._prepared.pop(definition_text(definition), None)
        if prepared is not None:
            return prepared
        try:
            return _defined(definition)
        except (ConfigError, msgspec.MsgspecError) as error:
            return str(error)


def engine_settings(settings: Settings, loaded: Mapping[str, LoadedStrategy], started_ns: int) -> EngineSettings:
    """Return all that decides what the engine of this session does. Raises ConfigError."""
    live = settings.session.mode is Mode.LIVE  # then the venue says what the account holds
    return EngineSettings(
        epoch=session_epoch(started_ns),
        seed=settings.session.seed,
        limits=settings.risk,
        strategies=tuple(_spec(chosen, loaded[chosen.id]) for chosen in settings.strategies),
        native_orders=live,
        balances={} if live else {currency: money(plain(each)) for currency, each in settings.paper.balances.items()},
        reconcile=reconcile_settings(settings),
        carried=live,
        accounting=settings.accounting.rules(settings.session.mode),
        loader=StrategyLoading(),
        rules=load_functions(settings.risk.rules),
        sizing=settings.sizing,
    )


def simulated(settings: Settings) -> Settings:
    """Return the same settings for a run at the simulated venue: whoever asks what would have been trades on paper."""
    session = msgspec.structs.replace(settings.session, mode=Mode.PAPER)
    return settings if settings.session.mode is Mode.PAPER else msgspec.structs.replace(settings, session=session)


def reconcile_settings(settings: Settings) -> ReconcileSettings | None:
    """Return how our books are held to the venues', None in paper, where nobody else keeps any."""
    if settings.session.mode is not Mode.LIVE:
        return None
    live = settings.live
    return ReconcileSettings(
        venues=tuple(name.upper() for name, venue in settings.venues.items() if venue.trading is not None),
        foreign=ForeignPolicy(live.foreign_orders),
        sweep_ns=_ns(live.sweep_s),
        account_ns=_ns(live.balances_s),
        visibility_ns=_ns(live.visibility_lag_s),
        look_back=live.look_back,
    )


def _ns(seconds: float) -> int:
    """Return seconds as nanoseconds."""
    return int(seconds * 1_000_000_000)


def session_head(
    settings: Settings, loaded: Mapping[str, LoadedStrategy], started_ns: int, session_id: str, labels: tuple[str, ...]
) -> SessionHead:
    """Return the head of the session about to be written."""
    params = {chosen.id: effective_params(chosen, loaded[chosen.id]) for chosen in settings.strategies}
    return SessionHead(
        session_id=session_id,
        started_ns=started_ns,
        mode=settings.session.mode.value,
        seed=settings.session.seed,
        build=head.build(),
        config_digest=config_digest(settings, params),
        config=decision_config(settings, params),
        libraries=head.libraries(),
        python=head.python(),
        flush_policy=settings.session.flush_policy,
        strategies=tuple(_source(chosen, loaded[chosen.id]) for chosen in settings.strategies),
        labels=labels,
    )


def _spec(chosen: StrategySettings, loaded: LoadedStrategy) -> StrategySpec:
    """Return one strategy as the engine wants it."""
    return StrategySpec(
        id=chosen.id,
        strategy=loaded.strategy,
        params=strategy_params(chosen, loaded),
        instruments=chosen.instruments,
        use=chosen.use,
        sizing=chosen.sizing,
        exits=chosen.exits,
    )


def definition_of(chosen: StrategySettings, loaded: LoadedStrategy, file: str) -> StrategyDefinition:
    """Return all that is needed to build a strategy again, wherever its file is then. Raises ConfigError."""
    source = _source(chosen, loaded)
    return StrategyDefinition(
        id=source.id,
        use=source.use,
        instruments=chosen.instruments,
        params=effective_params(chosen, loaded),
        sha256=source.sha256,
        source=source.source,
        beside={name: value for name, value in plain_table(chosen).items() if name not in _DEFINED},
        imported=tuple((each.file, each.sha256) for each in source.imported),
        file=file,
    )


def _defined(definition: StrategyDefinition) -> StrategySpec:
    """Return the strategy that a definition describes. Raises ConfigError."""
    named = {name: getattr(definition, name) for name in _DEFINED}
    chosen = msgspec.convert({**named, **recorded_strategy(definition.beside)}, StrategySettings)
    source = StrategySource(id=definition.id, use=definition.use, sha256=definition.sha256, source=definition.source)
    return _spec(chosen, load_recorded(source))


def _source(chosen: StrategySettings, loaded: LoadedStrategy) -> StrategySource:
    """Return one strategy as the head keeps it."""
    return StrategySource(
        id=chosen.id, use=chosen.use, sha256=loaded.sha256, source=loaded.source, imported=loaded.imported
    )
