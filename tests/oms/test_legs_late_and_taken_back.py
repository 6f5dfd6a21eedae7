"""Executions of an order's earlier legs, told late or taken back: each belongs to its leg, whenever it is told."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.events import OrderReport, ReportType
from core.evidence import EvidenceGiven, EvidenceWanted, Subject, VenueFill, VenueOrder, VenueOrderStatus
from core.orders import OrderState, Side
from oms.reconcile import Kept, ReconcileSettings
from oms.reconcile.judge import Judge
from tests.oms.making import SPOT
from tests.oms.test_terms_at_the_venue import LEG, NAME, PRICE, QUANTITY, SECOND, Account

LOOKING = ReconcileSettings(venues=(SPOT.venue,), look_back=True)
IDS = {NAME: "1", LEG: "2"}


def replaced():
    """An order of 10 replaced by one of 10 more, while nothing was known to be filled of it."""
    account = Account()
    account.judge = Judge(account.manager, LOOKING, 7, account.freezes)
    account.change(QUANTITY, PRICE)
    account.hear(ReportType.CANCELLED, NAME, "1", 3)
    account.hear(ReportType.ACCEPTED, LEG, "2", 3)
    return account


def fill(account, exec_id, name, quantity, now_s=4):
    account.hear(ReportType.FILLED, name, IDS[name], now_s, exec_id=exec_id, price=PRICE, quantity=quantity)


def test_an_execution_of_the_leg_before_is_late_and_not_too_much_once_the_order_is_filled():
    account = replaced()
    fill(account, "x2", LEG, QUANTITY)
    fill(account, "x1", NAME, 4)
    assert (account.order.state, account.order.filled) == (OrderState.FILLED, QUANTITY + 4)
    assert account.codes() == ["LATE_FILL"]


def test_more_of_a_leg_than_it_was_approved_for_is_too_much_whenever_it_is_told():
    account = replaced()
    fill(account, "x2", LEG, QUANTITY)
    fill(account, "x1", NAME, QUANTITY + 1)
    assert account.codes() == ["OVERFILL"]
    account = replaced()
    fill(account, "x1", NAME, QUANTITY + 1)
    assert account.codes() == ["OVERFILL"]
    account = replaced()
    fill(account, "x1", LEG, QUANTITY + 1)
    assert account.codes() == ["OVERFILL"]


PARTS = st.lists(st.tuples(st.sampled_from([NAME, LEG]), st.integers(1, 6)), min_size=1, max_size=6)


def within(parts):
    """The executions that fit into their legs."""
    left = {NAME: QUANTITY, LEG: QUANTITY}
    kept: list[tuple[str, str, int]] = []
    for name, quantity in parts:
        if quantity <= left[name]:
            left[name] -= quantity
            kept.append((f"x{len(kept)}", name, quantity))
    return kept


@settings(max_examples=80, deadline=None)
@given(PARTS, st.randoms(use_true_random=False))
def test_no_order_of_telling_makes_too_much_of_what_each_leg_was_approved_for(parts, dice):
    account, kept = replaced(), within(parts)
    dice.shuffle(kept)
    for exec_id, name, quantity in kept:
        fill(account, exec_id, name, quantity)
    assert "OVERFILL" not in account.codes()
    assert account.order.filled == sum(quantity for _, _, quantity in kept)
    by_leg = {each: sum(q for _, name, q in kept if name == leg) for each, leg in ((0, NAME), (1, LEG))}
    assert {each: filled for each, filled in account.order.chain.fills.items() if filled} == {
        each: filled for each, filled in by_leg.items() if filled
    }
    assert account.order.is_open == (by_leg[1] < QUANTITY)
    if account.order.is_open:
        assert account.order.leaves == QUANTITY - by_leg[1], "what works is the leg in force, whatever the first did"


def look_back(account, traded, kept, now_s):
    """Every leg that traded is asked for and answered, its executions with it; return what was asked and answered."""
    records = []
    for name in (NAME, LEG):
        if name not in [each[1] for each in traded]:
            continue
        account.number += 1
        wanted = EvidenceWanted(
            number=account.number, venue=SPOT.venue, subject=Subject.ORDER, instrument=0, client_order_id=name,
            venue_order_id=IDS[name], since_ns=1,
        )  # fmt: skip
        of = [(exec_id, quantity) for exec_id, leg, quantity in kept if leg == name]
        filled = sum(quantity for _, quantity in of)
        status = VenueOrderStatus.CANCELLED if name == NAME else VenueOrderStatus.WORKING
        there = VenueOrder(
            client_order_id=name, venue_order_id=IDS[name], instrument=0, symbol=SPOT.symbol, side=Side.BUY,
            status=status, price=PRICE, quantity=QUANTITY, filled=filled, updated_ns=5 * SECOND,
        )  # fmt: skip
        fills = tuple(
            VenueFill(
                client_order_id=name, venue_order_id=IDS[name], exec_id=exec_id, instrument=0, side=Side.BUY,
                price=PRICE, quantity=quantity, fee="0", fee_currency="USDT", liquidity=None, venue_ns=5 * SECOND,
            )
            for exec_id, quantity in of
        )  # fmt: skip
        answer = EvidenceGiven(
            number=account.number, venue=SPOT.venue, subject=Subject.ORDER, asked_ns=now_s * SECOND,
            orders=(there,), fills=fills,
        )  # fmt: skip
        records += [(wanted, now_s), (answer, now_s)]
    return records


def tell(account, records):
    for record, now_s in records:
        if isinstance(record, EvidenceWanted):
            account.judge.asked(record)
        else:
            account.judge.answer(record, now_s * SECOND, account.effects)


@settings(max_examples=60, deadline=None)
@given(PARTS, st.data())
def test_what_the_venue_takes_back_of_any_leg_is_taken_back_of_that_leg(parts, data):
    kept = [each for each in within(parts) if each[1] == NAME or each[2] < QUANTITY]
    account = replaced()
    for exec_id, name, quantity in kept:
        fill(account, exec_id, name, quantity)
    if not account.order.is_open:
        return
    gone = data.draw(st.sets(st.sampled_from(kept), max_size=len(kept))) if kept else set()
    left = [each for each in kept if each not in gone]
    for number in range(LOOKING.negatives):
        stands = sum(quantity for _, _, quantity in kept)
        assert account.order.filled == stands, "said once or twice it is not believed"
        tell(account, look_back(account, kept, left, 100 + number))
    assert account.order.filled == account.manager.position(0).quantity == sum(each[2] for each in left)
    by_leg = {0: 0, 1: 0} | {each: filled for each, filled in account.order.chain.fills.items() if filled}
    assert by_leg == {each: sum(q for _, name, q in left if name == leg) for each, leg in ((0, NAME), (1, LEG))}
    assert account.order.leaves == QUANTITY - by_leg[1]
    assert account.manager.exposure(0).open_buy_quantity == account.order.leaves
    assert account.codes() == ["BUSTED"] * len(gone)
    assert account.judge.vanished.state() == []


def test_a_bust_that_names_the_venues_id_alone_is_of_the_leg_that_has_it():
    account = replaced()
    fill(account, "x1", NAME, 4)
    fill(account, "x2", LEG, 4)
    report = OrderReport(type=ReportType.BUSTED, client_order_id="", venue_order_id="1", exec_id="x1")
    account.manager.report(report, 0, 9 * SECOND, account.effects)
    assert account.order.chain.fills == {0: 0, 1: 4}
    assert (account.order.filled, account.order.quantity, account.order.leaves) == (4, QUANTITY, 6)
    report = OrderReport(type=ReportType.BUSTED, client_order_id=NAME, venue_order_id="2", exec_id="x2")
    account.manager.report(report, 0, 9 * SECOND, account.effects)
    assert account.order.chain.fills == {0: 0, 1: 0}
    assert account.order.leaves == QUANTITY


def test_what_was_told_of_one_leg_survives_a_restart_between_the_answers():
    account = replaced()
    fill(account, "x1", NAME, 4)
    fill(account, "x2", LEG, 3)
    traded = [("x1", NAME, 4), ("x2", LEG, 3)]
    records = [each for number in range(LOOKING.negatives) for each in look_back(account, traded, [], 100 + number)]
    tell(account, records[:2])
    before = Kept(account.manager, account.judge, account.freezes)
    account.judge = Judge(account.manager, LOOKING, 8, account.freezes)
    after = Kept(account.manager, account.judge, account.freezes)
    after.restore(after.version, before.durable(), {0: 0})
    assert after.durable() == before.durable() != b""
    tell(account, records[2:])
    assert account.order.filled == 0
    assert account.order.chain.fills == {0: 0, 1: 0}


def test_an_execution_that_comes_between_the_answers_of_two_legs_is_not_taken_back():
    account = replaced()
    fill(account, "x1", NAME, 4)
    fill(account, "x2", LEG, 3)
    traded = [("x1", NAME, 4), ("x2", LEG, 3)]
    for number in range(LOOKING.negatives):
        records = look_back(account, traded, traded, 100 + 50 * number)
        tell(account, records[2:])  # the leg in force, before it trades on
        fill(account, f"y{number}", LEG, 1, 110 + 50 * number)
        tell(account, look_back(account, traded, traded, 145 + 50 * number)[:2])
    assert account.order.filled == 7 + LOOKING.negatives
    assert "BUSTED" not in account.codes()
