"""What a person adds to a running daemon is read off the event loop: the settings, the strategy's file, its imports.

The command that comes of it holds everything that the strategy is built from, so what was added replays, and goes on
after a restart, wherever its files are then. Live it is held to what a start is: settings and files as they were
committed, no override from the environment.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from config.compose import StrategyLoading, definition_of
from config.errors import ConfigError
from config.load import Config, load
from config.settings import Mode, StrategySettings
from config.strategies import load_strategy, strategy_params
from core.events import CommandReceived
from core.roster import StrategyDefinition, definition_text
from core.scopes import strategy_scope
from daemon.errors import UsageError
from daemon.live.clean import refuse_dirty
from daemon.operator.messages import Request
from engine.engine import Engine
from engine.roster_commands import ADD, DEFINITION
from risk.control_settings import ScopeLimits
from risk.limit_words import names_of, value_of, value_text
from risk.limits import RiskLimits

CONFIG = "config"  # the arg that names the settings file


class Adding:
    """Makes the command that adds a strategy of a settings file."""

    def __init__(self, mode: Mode, loading: StrategyLoading, limits: Callable[[], RiskLimits]) -> None:
        """Add to a daemon of this mode, whose engine builds what `loading` has prepared and is held to `limits`."""
        self._mode = mode
        self._loading = loading
        self._limits = limits

    async def command(self, request: Request, source: str) -> CommandReceived:
        """Return the command for a request whose args name a settings file. Raises UsageError."""
        name = request.args.get(CONFIG, "")
        if not Path(name).is_absolute() or len(request.args) != 1:
            raise UsageError(f"expected one arg, {CONFIG}, with the absolute path of a settings file, found {name!r}")
        try:
            definition, config = await asyncio.to_thread(self._read, Path(name), request.strategy)
        except ConfigError as error:
            raise UsageError(str(error)) from error
        self._refuse_other_limits(definition.id, config)
        return CommandReceived(
            name=ADD,
            strategy_id=definition.id,
            source=source,
            reason=request.reason,
            args={DEFINITION: definition_text(definition)},
        )

    def _read(self, file: Path, strategy_id: str) -> tuple[StrategyDefinition, Config]:
        """Read and load it all. Raises UsageError, ConfigError."""
        config = load(file)
        chosen = _chosen(config, strategy_id)
        mode = config.settings.session.mode
        if mode is not self._mode:
            raise UsageError(f'{file} has mode = "{mode}", this daemon trades in mode "{self._mode}"')
        if mode is Mode.LIVE:
            refuse_dirty(config)
        path = ("strategies", config.settings.strategies.index(chosen))
        loaded = load_strategy(chosen.use, config.folder, config.origin, (*path, "use"))
        strategy_params(chosen, loaded, config.origin, (*path, "params"))
        definition = definition_of(chosen, loaded, str(file))
        self._loading.prepare(definition)
        return definition, config

    def _refuse_other_limits(self, strategy_id: str, config: Config) -> None:
        """Refuse a strategy whose limits in its file are not those that hold here. Raises UsageError."""
        scope, wanted, held = strategy_scope(strategy_id), config.settings.risk, self._limits()
        asked = None if wanted.controls is None else wanted.controls.limits.get(scope)
        if asked is None:
            return
        if held.controls is None:
            raise UsageError(
                f"{scope} has limits in the file, and this daemon has no [risk.controls]: start it with one"
            )
        here = held.controls.limits.get(scope, ScopeLimits())
        if (asked.instruments, asked.order_types) != (here.instruments, here.order_types):
            raise UsageError(f"{scope} has permissions in the file, which are read when a daemon starts: restart it")
        differ = [
            name
            for name in names_of(wanted, scope)
            if value_text(value_of(wanted, scope, name)) != value_text(value_of(held, scope, name))
        ]
        if differ:
            raise UsageError(
                f"{scope} has other limits in the file than here ({', '.join(differ)}): take them over first, "
                "`tickerd reload -c FILE --reason ...`"
            )


def adding_of(mode: Mode, engine: Engine) -> Callable[[Request, str], Awaitable[CommandReceived]] | None:
    """Return what makes the command that adds a strategy, None where the engine cannot build any."""
    loading = engine.roster.loader
    return Adding(mode, loading, lambda: engine.gate.limits).command if isinstance(loading, StrategyLoading) else None


def _chosen(config: Config, strategy_id: str) -> StrategySettings:
    """Return the strategy of that id. Raises UsageError."""
    for chosen in config.settings.strategies:
        if chosen.id == strategy_id:
            return chosen
    known = ", ".join(each.id for each in config.settings.strategies) or "none"
    raise UsageError(f"{config.origin.file} has no strategy {strategy_id!r}; it has {known}")
