"""What types cannot say: names that must exist or be unique, addresses, secrets in the wrong place, live mode."""

import math
import re
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from config.errors import (
    ConfigError,
    Duplicate,
    LiveUnready,
    MissingKey,
    SecretInSettings,
    UnknownName,
    WrongValue,
    did_you_mean,
)
from config.explain import mistake, problem
from config.origin import Origin, Path
from config.risk_checks import check_breakers, check_controls, check_instrument
from config.settings import Channel, ConnectorName, Mode, Settings, StrategySettings, VenueSettings
from config.words import one_of
from connectors.sim.settings import QueueModel
from core.decimals import decimals_of, plain
from core.money import MONEY_DECIMALS
from core.orders import TriggerBy
from risk.exits.settings import StrategyExits

_SECRET_KEY = re.compile(
    r"(^|_)(api_?key|api_?secret|secret|secret_?key|password|passwd|passphrase|private_?key|(access|auth|api)_?token)$"
)
_PASSWORD_IN_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^/@\s]*:[^/@\s]*@", re.IGNORECASE)
_HUGE_NUMBER = re.compile(r"[+-]?[0-9_.]+e[+-]?[0-9_]{3,}", re.IGNORECASE)
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_HINT = "keep it in a file, a systemd credential or the environment (config/secrets.py), never in the settings"
_MAX_DEPTH = 32
_REST = ("https", "http")
_WS = ("wss", "ws")
_DEPTH_SPEEDS = {
    ConnectorName.BINANCE_SPOT: ("100ms", "1000ms"),
    ConnectorName.BINANCE_USDM: ("0ms", "100ms", "250ms", "500ms"),
}
_SNAPSHOT_LEVELS_USDM = (5, 10, 20, 50, 100, 500, 1000)  # "Default 500; Valid limits:[5, 10, 20, 50, 100, 500, 1000]"
_INTERVALS = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M")
_INTERVALS_OF = {ConnectorName.BINANCE_SPOT: ("1s", *_INTERVALS), ConnectorName.BINANCE_USDM: _INTERVALS}
_BINANCE = (ConnectorName.BINANCE_SPOT, ConnectorName.BINANCE_USDM)


def check_depth(value: object, origin: Origin, path: Path = ()) -> Iterator[ConfigError]:
    """Yield the refusal of endless nesting, before anything else walks down there."""
    if len(path) > _MAX_DEPTH:
        yield mistake(WrongValue, origin, path[:3], expected=f"at most {_MAX_DEPTH} levels", found="more")
        return
    for key, item in _items(value):
        yield from check_depth(item, origin, (*path, key))


def check_values(value: object, origin: Origin, path: Path = ()) -> Iterator[ConfigError]:
    """Yield what no key may hold, whatever its type: secrets, and numbers that a journal cannot keep."""
    for key, item in _items(value):
        inner = (*path, key)
        if isinstance(key, str) and names_a_secret(key):
            yield secret_refused(origin, inner)
        elif isinstance(item, float) and not math.isfinite(item):
            yield mistake(WrongValue, origin, inner, expected="a finite number", found=item)
        elif isinstance(item, int) and not -(2**63) <= item < 2**63:
            yield mistake(WrongValue, origin, inner, expected="a whole number of at most 64 bits", found=item)
        elif isinstance(item, str) and _HUGE_NUMBER.fullmatch(item):
            yield mistake(WrongValue, origin, inner, expected="a number that can be written out", found=item)
        elif isinstance(item, str) and _PASSWORD_IN_ADDRESS.search(item):
            yield secret_refused(origin, inner)
        else:
            yield from check_values(item, origin, inner)


def check_settings(settings: Settings, origin: Origin) -> Iterator[ConfigError]:
    """Yield the mistakes of settings whose types are right."""
    if settings.session.mode is Mode.LIVE:
        yield from _check_live(settings, origin)
    for name, venue in settings.venues.items():
        yield from _check_venue(venue, origin, ("venues", name))
        yield from _check_modes(venue, settings, origin, ("venues", name, "trading"))
    yield from _check_strategies(settings, origin)
    for name in settings.risk.instruments:
        yield from check_instrument(name, settings, origin, ("risk", "instruments", name))
    yield from check_controls(settings, origin)
    yield from check_breakers(settings, origin)
    known = [name.upper() for name in settings.venues]
    for name in settings.hours:
        if "." in name:  # else it is a calendar, which only the instruments name
            yield from check_instrument(name, settings, origin, ("hours", name))
    for name in settings.paper.sim.venues:
        if name not in known:
            path: Path = ("paper", "sim", "venues", name)
            hint = did_you_mean(name, known)
            yield mistake(UnknownName, origin, path, expected="a venue of [venues]", found=name, hint=hint)
    yield from _check_queues(settings, origin)
    yield from _check_portfolio(settings, origin)
    yield from _check_guard(settings, origin)
    yield from _check_audit(settings, origin)
    for currency, amount in settings.paper.balances.items():
        path = ("paper", "balances", currency)
        if not _is_money(amount):
            expected = f"an amount from 0 to 10^18 with at most {MONEY_DECIMALS} decimals"
            yield mistake(WrongValue, origin, path, expected=expected, found=amount)


def _check_portfolio(settings: Settings, origin: Origin) -> Iterator[ConfigError]:
    """Yield what `[portfolio]` cannot measure: a benchmark that is not read, more bars needed than are kept."""
    table = settings.portfolio
    if table.benchmark:
        yield from check_instrument(table.benchmark, settings, origin, ("portfolio", "benchmark"))
    if table.least > table.window:
        expected = f"at most the window of {table.window} bars"
        yield mistake(WrongValue, origin, ("portfolio", "least"), expected=expected, found=table.least)
    if 0 < table.degrees <= 2:
        expected = "more than 2, or 0 for normal simulations"
        yield mistake(WrongValue, origin, ("portfolio", "degrees"), expected=expected, found=table.degrees)
    if table.every_s > table.bar_s:
        expected = f"at most bar_s, {table.bar_s}: every bar needs a snapshot"
        yield mistake(WrongValue, origin, ("portfolio", "every_s"), expected=expected, found=table.every_s)


def _check_guard(settings: Settings, origin: Origin) -> Iterator[ConfigError]:
    """Yield what a guard could not tell from a daemon that is stuck, and a guard that nobody could speak to."""
    table = settings.guard
    if table.patience_ms < 3 * table.beat_ms:
        expected = f"at least three beats, {3 * table.beat_ms}: one that is late is no alarm"
        yield mistake(WrongValue, origin, ("guard", "patience_ms"), expected=expected, found=table.patience_ms)
    if table.enabled and not settings.operator.enabled:
        expected = "true: the guard listens in the operator's folder"
        yield mistake(WrongValue, origin, ("operator", "enabled"), expected=expected, found=False)


def _check_audit(settings: Settings, origin: Origin) -> Iterator[ConfigError]:
    """Yield places for signatures where nothing is signed, and addresses that are none."""
    table = settings.audit
    if not table.key_file and (table.anchors or table.anchor_command):
        hint = "`tickerd audit key FILE` makes one"
        yield mistake(MissingKey, origin, ("audit", "key_file"), expected="a key that signs", found="none", hint=hint)
    for number, anchor in enumerate(table.anchors):
        scheme = anchor.partition("://")[0] if "://" in anchor else ""
        if scheme not in {"", "syslog", "http", "https"}:
            expected = "a file, syslog:/dev/log, syslog://HOST:PORT or https://HOST/PATH"
            yield mistake(WrongValue, origin, ("audit", "anchors", number), expected=expected, found=anchor)


def _check_live(settings: Settings, origin: Origin) -> Iterator[ConfigError]:
    """Yield why these settings cannot trade live."""
    trading = {name: venue.trading for name, venue in settings.venues.items() if venue.trading is not None}
    if not trading:
        hint = "add it with the name of its key, `key = ...`; the secrets themselves stay out of the file"
        expected = "[venues.NAME.trading] of at least one venue"
        yield mistake(LiveUnready, origin, ("session", "mode"), expected=expected, found="none", hint=hint)
    for name, table in trading.items():
        path: Path = ("venues", name, "trading")
        if settings.venues[name].connector is ConnectorName.HISTORY:
            yield mistake(LiveUnready, origin, path, expected="a venue with a connector", found="history")
        for key, address in (("ws_api_url", table.ws_api_url), ("private_ws_url", table.private_ws_url)):
            if address and (problem := _address_problem(address, _WS)):
                expected = "an address such as wss://host or ws://127.0.0.1:9001"
                yield mistake(WrongValue, origin, (*path, key), expected=expected, found=address, hint=problem)
        yield from _check_lag(settings, name, origin)
        for symbol in table.leverage:
            if symbol not in settings.venues[name].instruments:
                hint = did_you_mean(symbol, settings.venues[name].instruments)
                expected = "a symbol of the venue's `instruments`"
                yield mistake(UnknownName, origin, (*path, "leverage"), expected=expected, found=symbol, hint=hint)


def _check_lag(settings: Settings, name: str, origin: Origin) -> Iterator[ConfigError]:
    """Yield the refusal of a lag after which a request that was not seen could still be carried out.

    Binance carries out what comes within "recvWindow" of its "timestamp": ruled out before, it would be a surprise.
    """
    table = settings.venues[name].trading
    assert table is not None
    lag_s, valid_s = settings.live.visibility_lag_s, table.recv_window_ms / 1000
    if lag_s < valid_s:
        expected = f"at least {valid_s:g}: a request to {name} stays valid so long (recv_window_ms)"
        hint = f"raise it, or lower recv_window_ms of [venues.{name}.trading]"
        yield mistake(WrongValue, origin, ("live", "visibility_lag_s"), expected=expected, found=lag_s, hint=hint)


def _check_modes(venue: VenueSettings, settings: Settings, origin: Origin, path: Path) -> Iterator[ConfigError]:
    """Yield what no account of this venue can be set to, and a position mode that the books are not kept in."""
    table = venue.trading
    if table is None:
        return
    if venue.connector is ConnectorName.BINANCE_SPOT:
        modes: list[tuple[str, object, bool]] = [
            ("hedge_mode", table.hedge_mode, table.hedge_mode is not None),
            ("leverage", table.leverage, bool(table.leverage)),
            ("margin_type", table.margin_type, bool(table.margin_type)),
        ]
        for key, value, is_set in modes:
            if is_set:
                hint = "spot has no contracts: leave it out, or set it at a venue of USDⓈ-M futures"
                yield mistake(WrongValue, origin, (*path, key), expected="nothing on spot", found=value, hint=hint)
    elif table.hedge_mode is not None and table.hedge_mode != settings.accounting.hedging:
        hint = "one account is in one mode: set both to what the account is in, or leave hedge_mode out"
        hedging = str(settings.accounting.hedging).lower()
        expected = f"{hedging}, as [accounting] hedging says"
        yield mistake(WrongValue, origin, (*path, "hedge_mode"), expected=expected, found=table.hedge_mode, hint=hint)


def _check_queues(settings: Settings, origin: Origin) -> Iterator[ConfigError]:
    """Yield the refusal of true queues where no connector tells single orders."""
    sim = settings.paper.sim
    for name, venue in settings.venues.items():
        there = name.upper()
        if venue.connector is not ConnectorName.HISTORY and sim.at(there).queue_model is QueueModel.FIFO:
            own = there in sim.venues and sim.venues[there].queue_model is not None
            path: Path = ("paper", "sim", *(("venues", there) if own else ()), "queue_model")
            expected = f"a model that estimates: {there} tells depth by price, no single orders"
            hint = "a venue of imported market by order has its own queue_model: [paper.sim.venues.NAME]"
            yield mistake(WrongValue, origin, path, expected=expected, found=QueueModel.FIFO.value, hint=hint)


def _is_money(amount: Decimal) -> bool:
    """Whether an amount can be held exactly, and is no more than anyone owns."""
    if amount.is_signed() or not -MONEY_DECIMALS <= amount.adjusted() < MONEY_DECIMALS:
        return False
    return decimals_of(plain(amount)) <= MONEY_DECIMALS


def _check_venue(venue: VenueSettings, origin: Origin, path: Path) -> Iterator[ConfigError]:
    """Yield wrong addresses, what is asked for twice, and what this connector's venue does not offer."""
    addresses = (("rest_url", _REST), ("ws_url", _WS), ("ws_market_url", _WS))
    for key, schemes in addresses:
        address = getattr(venue, key)
        if address and (problem := _address_problem(address, schemes)):
            expected = f"an address such as {schemes[0]}://host or {schemes[1]}://127.0.0.1:9001"
            yield mistake(WrongValue, origin, (*path, key), expected=expected, found=address, hint=problem)
    yield from _repeated(venue.instruments, origin, (*path, "instruments"))
    yield from _repeated(venue.channels, origin, (*path, "channels"))
    for index, symbol in enumerate(venue.instruments):
        if symbol != symbol.upper():
            place = (*path, "instruments", index)
            hint = f"did you mean {symbol.upper()}?"
            yield mistake(WrongValue, origin, place, expected="a symbol in capitals", found=symbol, hint=hint)
    if venue.connector not in _BINANCE:
        return
    if venue.connector is ConnectorName.BINANCE_SPOT and Channel.MARKS in venue.channels:
        place = (*path, "channels", venue.channels.index(Channel.MARKS))
        yield mistake(WrongValue, origin, place, expected="a channel of spot, which has no mark prices", found="marks")
    offered: list[tuple[str, Sequence[object]]] = [("bar_interval", _INTERVALS_OF[venue.connector])]
    if venue.depth_speed:
        offered.append(("depth_speed", _DEPTH_SPEEDS[venue.connector]))
    if venue.connector is ConnectorName.BINANCE_USDM:
        offered.append(("snapshot_levels", _SNAPSHOT_LEVELS_USDM))
    for key, values in offered:
        if (value := getattr(venue, key)) not in values:
            expected = f"{one_of(values)} on {venue.connector}"
            yield mistake(WrongValue, origin, (*path, key), expected=expected, found=value)


def _check_strategies(settings: Settings, origin: Origin) -> Iterator[ConfigError]:
    """Yield ids used twice and instruments that no venue offers."""
    first_use: dict[str, int] = {}
    for index, strategy in enumerate(settings.strategies):
        path: Path = ("strategies", index)
        earlier = first_use.setdefault(strategy.id, index)
        if earlier != index:
            hint = f"strategies[{earlier}] has it already"
            yield mistake(Duplicate, origin, (*path, "id"), expected="an id of its own", found=strategy.id, hint=hint)
        yield from _repeated(strategy.instruments, origin, (*path, "instruments"))
        for number, name in enumerate(strategy.instruments):
            yield from check_instrument(name, settings, origin, (*path, "instruments", number))
        if strategy.exits is not None:
            yield from _check_exits(strategy, strategy.exits, settings, origin, (*path, "exits"))


_CHANNEL_OF = {TriggerBy.LAST: Channel.TRADES, TriggerBy.MARK: Channel.MARKS}


def _check_exits(
    strategy: StrategySettings, exits: StrategyExits, settings: Settings, origin: Origin, path: Path
) -> Iterator[ConfigError]:
    """Yield exits of instruments that the strategy does not trade, and references that no channel tells."""
    for name in exits.instruments:
        if name not in strategy.instruments:
            hint = did_you_mean(name, strategy.instruments)
            expected = "an instrument of the strategy"
            yield mistake(UnknownName, origin, (*path, "instruments", name), expected=expected, found=name, hint=hint)
    for name in strategy.instruments:
        own = exits.instruments.get(name)
        reference = exits.reference if own is None or own.reference is None else own.reference
        needed = None if reference is None else _CHANNEL_OF.get(reference)
        venue = settings.venues.get(name.rpartition(".")[2].lower())
        if needed is not None and venue is not None and needed not in venue.channels:
            expected = f'the channel "{needed.value}" in the venue of {name}, or another reference'
            yield mistake(WrongValue, origin, (*path, "reference"), expected=expected, found=reference)


def _repeated(names: tuple[str, ...], origin: Origin, path: Path) -> Iterator[ConfigError]:
    """Yield every name that a list holds for the second time."""
    for index, name in enumerate(names):
        if name in names[:index]:
            yield mistake(Duplicate, origin, (*path, index), expected="each name once", found=name)


def _address_problem(address: str, schemes: tuple[str, ...]) -> str:
    """Return what is wrong with an address, "" if nothing."""
    try:
        parts = urllib.parse.urlsplit(address)
        port = parts.port
    except ValueError as error:
        return str(error)
    if parts.scheme not in schemes:
        return f"it must begin with {schemes[0]}:// or {schemes[1]}://"
    if not parts.hostname or port == 0:
        return "it names no host" if not parts.hostname else "port 0 cannot be reached"
    return "leave out everything from ? or # on" if parts.query or parts.fragment else ""


def names_a_secret(key: str) -> bool:
    """Whether a key looks like that of a secret."""
    return bool(_SECRET_KEY.search(_NOT_IN_NAMES.sub("_", key.lower())))


def secret_refused(origin: Origin, path: Path) -> ConfigError:
    """Return the refusal of a secret, without its value."""
    return problem(SecretInSettings, origin, path, expected="no secret", found="*** (not shown)", hint=_HINT)


def _items(value: object) -> list[tuple[str | int, object]]:
    """Return what a table or a list holds, by key or index."""
    if isinstance(value, Mapping):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []
