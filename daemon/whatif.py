"""Another strategy, or another limit: what it would have done on the inputs of a recorded session.

The market of a recorded session drives a fresh engine and a fresh simulated venue in virtual time: what the recorded
orders brought back (reports) is left out, the new orders trade instead, with the session's own latency and fees.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from config.compose import engine_settings, recorded_strategies, simulated
from config.digest import settings_from_decisions
from config.settings import Settings, StrategySettings
from config.strategies import LoadedStrategy, load_strategy
from connectors.sim.paper import PaperExecution
from core.codec import UNREADABLE, decode_payload
from core.effects import Effect, OrderFilled, PositionChanged
from core.market import mark_price_of
from core.money import money_text
from core.orders import ApprovedSubmit, Refusal
from core.records import EVENT, FIRST_EFFECT, Kind
from daemon.errors import UsageError
from daemon.replay import refuse_history
from engine.build import build_engine
from engine.engine import Engine
from engine.virtual import VirtualRun
from journal.chunks import DigestRecord, PlainRun
from journal.reader import SessionReader, open_session
from oms.terms import Terms

Progress = Callable[[int, int], None]
DRAIN_NS = 60_000_000_000


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of orders came to; realised profit (before fees), unrealised and fees are money text by instrument."""

    orders: int
    fills: int
    refusals: dict[str, int]
    realised: dict[str, str]
    unrealised: dict[str, str]
    fees: dict[str, str]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The recorded outcome beside the other one."""

    session: str
    changed: list[str]
    recorded: Outcome
    what_if: Outcome

    def json(self) -> str:
        """Return it as one JSON object."""
        return msgspec.json.encode(self).decode()

    def text(self) -> str:
        """Return it as a person reads it."""
        rows = [("", "recorded", "what if"), ("orders", self.recorded.orders, self.what_if.orders)]
        rows.append(("fills", self.recorded.fills, self.what_if.fills))
        for title, field in (
            ("refused", "refusals"),
            ("realised", "realised"),
            ("unrealised", "unrealised"),
            ("fees", "fees"),
        ):
            old, new = getattr(self.recorded, field), getattr(self.what_if, field)
            rows.extend((f"{title} {name}", old.get(name, "0"), new.get(name, "0")) for name in sorted({*old, *new}))
        width = max(len(str(row[0])) for row in rows)
        lines = [f"{self.session}, with {', '.join(self.changed)}"]
        lines += [f"{row[0]:<{width}}  {row[1]!s:>20}  {row[2]!s:>20}" for row in rows]
        return "\n".join(lines)


def what_if(
    folder: Path,
    *,
    use: str | None,
    params: str | None,
    limits: Sequence[str],
    until_seq: int | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Run the session's market again with another strategy or limits. Raises ConfigError, UsageError, JournalError."""
    with open_session(folder) as reader:
        head = reader.head
        refuse_history(head)
        settings = simulated(settings_from_decisions(head.config))
        loaded = recorded_strategies(settings, head)
        changed: list[str] = []
        if limits:
            settings = _with_limits(settings, limits)
            changed += limits
        if use or params:
            settings, loaded = _with_strategy(settings, loaded, use, params)
            changed.append(" ".join(filter(None, (use, params))))
        engine = build_engine(engine_settings(settings, loaded, head.started_ns))
        run = VirtualRun(engine, PaperExecution(settings.paper.sim, engine.markets))
        recorded = _relive_market(reader, run, until_seq, progress)
    return Comparison(session=str(folder), changed=changed, recorded=recorded, what_if=_outcome(run))


def _relive_market(reader: SessionReader, run: VirtualRun, until_seq: int | None, progress: Progress | None) -> Outcome:
    """Feed the recorded market, lifecycle and commands; return what the recorded orders came to."""
    recorded = _Recorded(run.engine)
    for chunk in reader.chunks(until_seq=until_seq):
        if isinstance(chunk, PlainRun):
            seq = chunk.first_seq
            run.feed_run(event for event in EVENT.iter_unpack(chunk.slots) if event[0] != Kind.TIME)
        elif not isinstance(chunk, DigestRecord):
            seq = chunk.seq
            struct = decode_payload(chunk.kind, chunk.payload)
            if chunk.kind >= FIRST_EFFECT:
                recorded.add(struct)  # type: ignore[arg-type]
            elif chunk.kind not in {Kind.REPORT, Kind.ACCOUNT_MOVE, Kind.ACCOUNT_TRADE}:
                head = (chunk.kind, chunk.flags, chunk.instrument, chunk.recv_ns, chunk.venue_ns)
                run.feed((*head, struct, 0, 0, 0, 0))
        else:
            continue
        if progress is not None:
            progress(seq, reader.end_seq)
    run.catch_up(run.engine.now_ns + DRAIN_NS)
    return recorded.outcome()


class _Recorded:
    """Counts what the recorded orders came to."""

    def __init__(self, engine: Engine) -> None:
        """Take names, precisions and marks from `engine`, which relives the same market."""
        self._engine = engine
        self._orders = 0
        self._fills = 0
        self._refusals: Counter[str] = Counter()
        self._positions: dict[int, PositionChanged] = {}

    def add(self, effect: Effect) -> None:
        """Take one recorded effect."""
        if isinstance(effect, ApprovedSubmit):
            self._orders += 1
        elif isinstance(effect, OrderFilled):
            self._fills += 1
        elif isinstance(effect, Refusal):
            self._refusals[effect.code] += 1
        elif isinstance(effect, PositionChanged):
            self._positions[effect.instrument] = effect

    def outcome(self) -> Outcome:
        """Return the counts, positions marked at the market's end."""
        realised, unrealised, fees = {}, {}, {}
        for index, position in sorted(self._positions.items()):
            market = self._engine.markets[index]
            name = market.instrument.id
            open_profit = Terms(market.instrument).open_profit(
                position.quantity, int(position.cost), mark_price_of(market)
            )
            realised[name] = money_text(int(position.realised), 8)
            unrealised[name] = money_text(open_profit, 8)
            fees[name] = money_text(int(position.fees), 8)
        return Outcome(
            orders=self._orders,
            fills=self._fills,
            refusals=dict(self._refusals),
            realised=realised,
            unrealised=unrealised,
            fees=fees,
        )


def _outcome(run: VirtualRun) -> Outcome:
    """Return what the new orders came to."""
    realised, unrealised, fees = {}, {}, {}
    for market in run.engine.markets:
        position = run.engine.manager.position(market.index)
        if position.fills:
            name = market.instrument.id
            realised[name] = money_text(position.realised_money, 8)
            unrealised[name] = money_text(position.unrealised(mark_price_of(market)), 8)
            fees[name] = money_text(position.fees, 8)
    return Outcome(
        orders=run.orders,
        fills=run.fills,
        refusals=dict(run.refusals),
        realised=realised,
        unrealised=unrealised,
        fees=fees,
    )


def _with_limits(settings: Settings, changes: Sequence[str]) -> Settings:
    """Return the settings with other [risk] limits. Raises UsageError."""
    fields: dict[str, object] = {}
    for change in changes:
        name, _, value = change.partition("=")
        if name not in settings.risk.__struct_fields__ or not value:
            known = ", ".join(settings.risk.__struct_fields__)
            raise UsageError(f"--limit {change}: write NAME=VALUE, where NAME is one of {known}")
        current = getattr(settings.risk, name)
        fields[name] = int(value) if isinstance(current, int) and value.isdigit() else value
    try:
        risk = msgspec.structs.replace(settings.risk, **fields)
    except ValueError as error:
        raise UsageError(f"--limit {' '.join(changes)}: {error}") from error
    return msgspec.structs.replace(settings, risk=risk)


def _with_strategy(
    settings: Settings, loaded: dict[str, LoadedStrategy], use: str | None, params: str | None
) -> tuple[Settings, dict[str, LoadedStrategy]]:
    """Return settings with one other strategy, or other parameters, in place of the recorded. Raises UsageError."""
    try:
        values = msgspec.json.decode(params, type=dict[str, object]) if params else {}
    except UNREADABLE as error:
        raise UsageError(f"--params {params}: {error}; write a JSON object such as '{{\"fast\": 10}}'") from error
    if use is None:
        if len(settings.strategies) != 1:
            raise UsageError("--params alone is for sessions of one strategy; name it with --strategy")
        only = settings.strategies[0]
        chosen = msgspec.structs.replace(only, params={**only.params, **values})
        return msgspec.structs.replace(settings, strategies=(chosen,)), loaded
    instruments = settings.strategies[0].instruments if settings.strategies else settings.instruments
    chosen = StrategySettings(id="what-if", use=use, instruments=instruments, params=values)
    other = {"what-if": load_strategy(use, Path())}
    return msgspec.structs.replace(settings, strategies=(chosen,)), other
