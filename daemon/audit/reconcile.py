"""Hold our journaled executions against a venue's statement: each break is a value, nothing is rounded away."""

import bisect
import enum
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from core.decimals import to_text
from core.effects import OrderBusted, OrderFilled
from core.events import AccountTraded, OrderReport, ReportType
from core.evidence import EvidenceGiven, VenueFill
from core.money import money_text
from core.orders import Side
from daemon.audit.statement import Trade, symbol_key
from daemon.audit.walk import Day, Seen, sessions_since, walk
from daemon.store.known import Known
from journal.progress import Progress
from journal.reader import SessionReader, open_session

TIME_TOLERANCE_NS = 2_000_000_000
"""Statements tell whole seconds, cut or rounded; the venue's own time of a fill is what we have."""


class BreakKind(enum.StrEnum):
    """What does not agree."""

    MISSING_WITH_US = "missing-with-us"
    MISSING_AT_VENUE = "missing-at-venue"
    DIFFERS = "differs"


class Break(msgspec.Struct, frozen=True, kw_only=True):
    """One break. `fields` differ where both sides have the trade."""

    kind: BreakKind
    ours: Trade | None
    theirs: Trade | None
    fields: tuple[str, ...] = ()

    @property
    def either(self) -> Trade:
        """The side that has it."""
        found = self.ours or self.theirs
        assert found is not None
        return found


class Reconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """A day's comparison: `ours` and `theirs` count trades of the day, `outside` lines of other days."""

    day: str
    venue: str
    ours: int
    theirs: int
    matched: int
    outside: int
    breaks: tuple[Break, ...]


class OurTrades(msgspec.Struct):
    """Executions out of journals, by venue; `modes` are those of the sessions that were passed over."""

    by_venue: dict[str, list[Trade]]
    sessions: int = 0
    other_modes: tuple[str, ...] = ()


def our_trades(root: Path, day: Day, mode: str, told: Callable[[Path], Progress | None] = lambda _: None) -> OurTrades:
    """Return what was executed on a day by the venue's clock. Raises JournalError, CodecError.

    Sessions that began later are read as well: what happened while no daemon lived is booked by the next one.
    """
    booked: dict[_Key, tuple[str, Trade]] = {}
    others, count = set(), 0
    for folder in sessions_since(root, day.begin_ns):
        with open_session(folder) as reader:
            if reader.head.mode != mode:
                others.add(reader.head.mode)
                continue
            count += 1
            _take_executions(reader, booked, told(folder))
    found: dict[str, list[Trade]] = defaultdict(list)
    for venue, trade in booked.values():
        if day.begin_ns <= trade.time_ns < day.end_ns:
            found[venue].append(trade)
    return OurTrades(dict(found), count, tuple(sorted(others)))


_Key = tuple[str, str, str]
"""Instrument, the venue's number of the execution, the order that it was of ("" for one of the venue's own making)."""


def _take_executions(reader: SessionReader, booked: dict[_Key, tuple[str, Trade]], progress: Progress | None) -> None:
    """Add every execution that was booked, leave out what was taken back.

    An execution that was missed is told by the venue's answer to a question, later, with its own time.
    """
    known, name = Known(), reader.folder.name
    venue_ns: dict[tuple[int, str], int] = {}
    for seen in walk(reader, known, progress):
        payload = seen.payload
        if isinstance(payload, OrderReport) and payload.type is ReportType.FILLED:
            venue_ns[seen.instrument, payload.exec_id] = seen.venue_ns
        elif isinstance(payload, EvidenceGiven):
            for fill in payload.fills:
                venue_ns[fill.instrument, fill.exec_id] = fill.venue_ns
                if fill.own:
                    key = (known.name(fill.instrument), fill.exec_id, "")
                    booked.setdefault(key, _ours(known, fill.instrument, fill, fill.venue_ns, f"{name}:{seen.seq}"))
        elif isinstance(payload, OrderFilled):
            time_ns = venue_ns.get((payload.instrument, payload.exec_id), 0) or seen.recv_ns
            key = (known.name(payload.instrument), payload.exec_id, payload.client_order_id)
            booked[key] = _ours(known, payload.instrument, payload, time_ns, f"{name}:{seen.seq}")
        elif isinstance(payload, OrderBusted):
            booked.pop((known.name(payload.instrument), payload.exec_id, payload.client_order_id), None)
        elif isinstance(payload, AccountTraded):
            key = (known.name(seen.instrument), payload.exec_id, "")
            booked.setdefault(key, _of_the_venue(known, seen, payload, name))


def _of_the_venue(known: Known, seen: Seen, traded: AccountTraded, session: str) -> tuple[str, Trade]:
    """Return an execution of the venue's own making, a liquidation."""
    return _ours(known, seen.instrument, traded, seen.venue_ns or seen.recv_ns, f"{session}:{seen.seq}")


def _ours(
    known: Known, index: int, fill: OrderFilled | AccountTraded | VenueFill, time_ns: int, place: str
) -> tuple[str, Trade]:
    instrument = known.instruments[index].instrument
    return instrument.venue, Trade(
        time_ns=time_ns,
        symbol=symbol_key(instrument.symbol),
        side="buy" if fill.side is Side.BUY else "sell",
        price=Decimal(to_text(fill.price, instrument.price_precision)),
        quantity=Decimal(to_text(fill.quantity, instrument.size_precision)),
        fee=Decimal(money_text(int(fill.fee))),
        fee_currency=fill.fee_currency,
        id=fill.exec_id.rpartition(":")[2],
        place=place,
    )


def reconcile(
    day: Day,
    venue: str,
    ours: Sequence[Trade],
    statement: Iterable[Trade],
    *,
    tolerance: Decimal = Decimal(0),
    time_tolerance_ns: int = TIME_TOLERANCE_NS,
) -> Reconciliation:
    """Pair trades: by their numbers where both tell them, else what is equal and near in time, then what is near."""
    lines = list(statement)
    theirs = [trade for trade in lines if day.begin_ns <= trade.time_ns < day.end_ns]
    left_ours, left_theirs, pairs = _by_id(list(ours), theirs)
    matched = len(pairs)
    breaks = []
    for mine, its in pairs:
        if fields := _differing(mine, its, tolerance):
            breaks.append(Break(kind=BreakKind.DIFFERS, ours=mine, theirs=its, fields=fields))
            matched -= 1
    for equal in (True, False):
        left_ours, left_theirs, pairs = _pair(left_ours, left_theirs, tolerance if equal else None, time_tolerance_ns)
        if equal:
            matched += len(pairs)
            continue
        breaks += [
            Break(kind=BreakKind.DIFFERS, ours=mine, theirs=its, fields=_differing(mine, its, tolerance))
            for mine, its in pairs
        ]
    breaks += [Break(kind=BreakKind.MISSING_WITH_US, ours=None, theirs=its) for its in left_theirs]
    breaks += [Break(kind=BreakKind.MISSING_AT_VENUE, ours=mine, theirs=None) for mine in left_ours]
    return Reconciliation(
        day=day.text,
        venue=venue,
        ours=len(ours),
        theirs=len(theirs),
        matched=matched,
        outside=len(lines) - len(theirs),
        breaks=tuple(sorted(breaks, key=lambda each: (each.either.time_ns, each.either.symbol, each.kind))),
    )


def _by_id(ours: list[Trade], theirs: list[Trade]) -> tuple[list[Trade], list[Trade], list[tuple[Trade, Trade]]]:
    """Pair by the venue's number of a trade, unique within a symbol; one with ourselves has a line for each side."""
    waiting: dict[tuple[str, str], list[Trade]] = defaultdict(list)
    for mine in ours:
        waiting[mine.symbol, mine.id].append(mine)
    pairs: list[tuple[Trade, Trade]] = []
    for same_side in (True, False):
        left = []
        for its in theirs:
            candidates = waiting[its.symbol, its.id] if its.id else []
            at = next((at for at, mine in enumerate(candidates) if not same_side or mine.side == its.side), -1)
            if at < 0:
                left.append(its)
            else:
                pairs.append((candidates.pop(at), its))
        theirs = left
    return [mine for rest in waiting.values() for mine in rest], theirs, pairs


def _pair(
    ours: list[Trade], theirs: list[Trade], tolerance: Decimal | None, time_tolerance_ns: int
) -> tuple[list[Trade], list[Trade], list[tuple[Trade, Trade]]]:
    """Pair what is near in time within a symbol and a side, the most alike first; return who is left.

    With a `tolerance` only what is equal within it.
    """
    waiting: dict[tuple[str, str], list[Trade]] = defaultdict(list)
    for mine in sorted(ours, key=_time_of):
        waiting[mine.symbol, mine.side].append(mine)
    pairs, left = [], []
    for its in sorted(theirs, key=_time_of):
        candidates = waiting[its.symbol, its.side]
        begin = bisect.bisect_left(candidates, its.time_ns - time_tolerance_ns, key=_time_of)
        end = bisect.bisect_right(candidates, its.time_ns + time_tolerance_ns, key=_time_of)
        fit = [
            (len(_differing(candidates[at], its, Decimal(0))), abs(candidates[at].time_ns - its.time_ns), at)
            for at in range(begin, end)
            if tolerance is None or not _differing(candidates[at], its, tolerance)
        ]
        if fit:
            pairs.append((candidates.pop(min(fit)[2]), its))
        else:
            left.append(its)
    return [mine for rest in waiting.values() for mine in rest], left, pairs


def _time_of(trade: Trade) -> int:
    return trade.time_ns


def _differing(ours: Trade, theirs: Trade, tolerance: Decimal) -> tuple[str, ...]:
    """Return the names of the fields that differ by more than the tolerance."""
    fields = []
    if ours.side != theirs.side:
        fields.append("side")
    if abs(ours.price - theirs.price) > tolerance:
        fields.append("price")
    if abs(ours.quantity - theirs.quantity) > tolerance:
        fields.append("quantity")
    if ours.fee is not None and theirs.fee is not None:
        if abs(ours.fee - theirs.fee) > tolerance:
            fields.append("fee")
        elif theirs.fee_currency and ours.fee and ours.fee_currency != theirs.fee_currency:
            fields.append("fee_currency")
    return tuple(fields)
