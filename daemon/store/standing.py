"""What records of reconciliation and of parent orders become in the tables; see `kinds`."""

from core.decimals import to_text
from core.effects import FreezeChanged, ParentProgress, Reconciled
from core.events import LinkChanged
from core.evidence import EvidenceGiven, Subject
from core.money import money_text
from core.records import Kind
from daemon.store.kinds import AVERAGE_DIGITS, Record, of
from daemon.store.known import Known, Traded
from daemon.store.rows import Rows

TOLD_MAX = 4  # orders, fills, balances, positions or moves of one answer that its summary names
SUMMARY_MAX = 300


@of(Kind.FREEZE)
def freeze_changed(known: Known, record: Record, change: FreezeChanged, rows: Rows) -> None:
    """An instrument, or everything, was held back or let go."""
    if change.key:
        return  # a difference was accepted or restated: nothing was held back or let go
    name = known.name(change.instrument)
    rows.add("freezes", (record.seq, record.recv_ns, name, int(change.frozen), change.reason))


@of(Kind.RECONCILED)
def reconciled(_known: Known, record: Record, told: Reconciled, rows: Rows) -> None:
    """A comparison with a venue's account began or ended."""
    rows.add("reconciliations", (record.seq, record.recv_ns, told.venue, told.state.value, told.reason))


@of(Kind.LINK)
def link_changed(_known: Known, record: Record, change: LinkChanged, rows: Rows) -> None:
    """The trading connection of a venue changed."""
    row = (record.seq, record.recv_ns, change.venue, change.state.value, change.reason, change.until_ns)
    rows.add("links", row)


@of(Kind.EVIDENCE)
def evidence_given(known: Known, record: Record, given: EvidenceGiven, rows: Rows) -> None:
    """A venue's answer, in short."""
    row = (
        record.seq,
        record.recv_ns,
        given.venue,
        given.subject.value,
        given.number,
        given.asked_ns,
        int(given.complete),
        int(given.absent),
        given.failure,
        len(given.orders),
        len(given.fills),
        len(given.balances),
        len(given.positions),
        len(given.moves),
        summary_of(known, given),
    )
    rows.add("evidence", row)


@of(Kind.PARENT)
def parent_progressed(known: Known, record: Record, parent: ParentProgress, rows: Rows) -> None:
    """How far a parent order has come, and what it has cost against the market."""
    index = parent.instrument
    traded = known.instruments.get(index)
    notional, market_notional = int(parent.notional), int(parent.market_notional)
    row = (
        parent.parent,
        parent.strategy_id,
        parent.algorithm,
        known.name(index),
        parent.side.name.lower(),
        parent.state,
        known.quantity(index, parent.quantity),
        parent.quantity,
        known.quantity(index, parent.filled),
        parent.filled,
        parent.children,
        _price(traded, notional, parent.filled),
        _price(traded, parent.arrival_twice, 2 if parent.arrival_twice else 0),
        _price(traded, market_notional, int(parent.market_volume)),
        parent.arrival_slippage_ppm,
        parent.vwap_slippage_ppm,
        parent.mid_slippage_ppm,
        parent.participation_ppm,
        parent.reason,
        parent.started_ns,
        record.recv_ns,
        record.seq,
    )
    rows.add("parents", row)


def summary_of(known: Known, given: EvidenceGiven) -> str:
    """Return what an answer says, the last few of it by name, cut at 300 characters."""
    if given.failure:
        return ""
    if given.subject is Subject.ACCOUNT and given.account is not None:
        facts = given.account
        told = ["may trade" if facts.may_trade else "may not trade", *([facts.detail] if facts.detail else [])]
    else:
        told = [
            f"{each.client_order_id or each.venue_order_id} {each.symbol} {each.status.value} "
            f"{known.quantity(each.instrument, each.filled)} of {known.quantity(each.instrument, each.quantity)}"
            for each in given.orders[-TOLD_MAX:]
        ]
        told += [
            f"{each.exec_id} {known.name(each.instrument)} {each.side.name.lower()} "
            f"{known.quantity(each.instrument, each.quantity)} at {known.price(each.instrument, each.price)}"
            for each in given.fills[-TOLD_MAX:]
        ]
        told += [f"{each.currency} {money_text(int(each.total))}" for each in given.balances[-TOLD_MAX:]]
        told += [
            f"{each.symbol} {known.quantity(each.instrument, each.quantity)}" for each in given.positions[-TOLD_MAX:]
        ]
        told += [f"{each.reason} {money_text(int(each.amount))} {each.currency}" for each in given.moves[-TOLD_MAX:]]
        if given.absent:
            told.append("absent")
    text = "; ".join(told)
    return text if len(text) <= SUMMARY_MAX else text[: SUMMARY_MAX - 1] + "…"


def _price(traded: Traded | None, notional: int, quantity: int) -> str:
    """Return a notional in units by its quantity as text, rounded for the eye; "" for none."""
    if traded is None or not quantity:
        return ""
    scaled = (2 * notional * 10**AVERAGE_DIGITS + quantity) // (2 * quantity)
    return to_text(scaled, traded.instrument.price_precision + AVERAGE_DIGITS)
