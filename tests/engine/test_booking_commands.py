"""Dividends, splits and transfers that a person books: exact, once, replayed, and refused where they cannot be true."""

import dataclasses

import msgspec
import pytest

from core.bookings import BookedByHand
from core.effects import Alert, BalanceChanged, PositionChanged
from core.events import CommandReceived, FeedChanged, FeedState, InstrumentDefined, LifecycleState, ReportType
from core.instruments import AssetClass, Instrument
from core.money import money
from core.orders import ApprovedSubmit
from core.records import Kind
from engine import build_engine
from oms.fold import Fold
from oms.reconcile import ReconcileSettings
from oms.rules import AccountingRules, LotMethod
from strategies import Strategy
from tests.engine.scenario import Stage, only

SHARE = Instrument(
    symbol="AAPL",
    venue="XNAS",
    asset_class=AssetClass.EQUITY,
    base="AAPL",
    quote="USD",
    price_precision=2,
    size_precision=2,
    tick=1,
    lot=1,
)
NAME = "symbol:AAPL.XNAS"


class Holder(Strategy):
    """Buys a hundred shares and ten hundredths."""

    def on_start(self):
        self.buy(self.markets[0], 100_10, 150_00)


def opened(instrument=SHARE, **settings):
    """A stage whose strategy holds 100.10 shares at 150."""
    stage = Stage(Holder)
    [spec] = stage.settings.strategies
    stage.settings = dataclasses.replace(
        stage.settings,
        strategies=(dataclasses.replace(spec, instruments=(instrument.id,)),),
        balances={"USD": money("100000")},
        accounting=AccountingRules(lots=LotMethod.FIFO),
        **settings,
    )
    stage.engine = build_engine(stage.settings)
    stage.payload(Kind.INSTRUMENT, InstrumentDefined(instrument), 0)
    stage.payload(Kind.FEED, FeedChanged(venue=instrument.venue, state=FeedState.CONNECTED), 0)
    stage.quote(149_99, 150_01)
    effects = stage.lifecycle(LifecycleState.READY)
    for order in only(effects, ApprovedSubmit):
        stage.report(ReportType.ACCEPTED, order.intent.client_order_id, venue_order_id="v0")
        stage.fill(order.intent.client_order_id, order.intent.quantity, 150_00)
    return stage


def give(stage, name, scope, reason="the broker's letter", **args):
    """Give a command, a moment later."""
    stage.now_ns += 1
    command = CommandReceived(name=name, scope=scope, reason=reason, source="uid=1000", args=args)
    effects = stage.payload(Kind.COMMAND, command)
    stage.engine.manager.books.ledger.books.check()
    return effects


def refused(effects):
    """The reason of the one refusal that there was."""
    [alert] = effects
    assert alert.code == "COMMAND_REFUSED"
    return alert.message


def test_a_dividend_is_paid_on_every_share_and_told_with_who_booked_it():
    stage = opened()
    effects = give(stage, "book-dividend", NAME, amount="0.24", id="Q1")
    [booked] = only(effects, BookedByHand)
    assert (booked.what, booked.booking_id, booked.amount) == ("dividend", "Q1", str(money("0.24")))
    assert (booked.source, booked.reason) == ("uid=1000", "the broker's letter")
    assert [each.delta for each in only(effects, BalanceChanged)] == [str(money("24.024"))]
    assert only(effects, Alert)[0].code == "BOOKED"
    assert "was booked before" in refused(give(stage, "book-dividend", NAME, amount="0.24", id="Q1"))
    assert only(give(stage, "book-dividend", NAME, amount="0.24"), BookedByHand), "another time is another name"


def test_a_split_changes_what_is_held_and_pays_the_fraction():
    stage = opened()
    effects = give(stage, "book-split", NAME, new="1", old="3", cash_price="450.00")
    [position] = only(effects, PositionChanged)
    assert position.quantity == 33_36
    assert stage.engine.manager.balances()["AAPL"] == money("33.36")
    assert [each.delta for each in only(effects, BalanceChanged) if each.currency == "USD"] == [str(money("3"))]


def test_a_transfer_changes_a_balance_and_no_profit():
    stage = opened()
    before = stage.engine.manager.balances()["USD"]
    give(stage, "book-transfer", "all", currency="USD", amount="-1500.000000000000000001")
    assert stage.engine.manager.balances()["USD"] - before == -money("1500.000000000000000001")
    assert stage.engine.manager.position(0).realised == 0


def test_what_was_booked_is_folded_at_a_restart_and_replays():
    stage = opened()
    give(stage, "book-transfer", "venue:XNAS", currency="USD", amount="10", id="t")
    give(stage, "book-split", NAME, new="4", old="1")
    give(stage, "book-dividend", NAME, amount="0.06", currency="USD")
    again, folded = build_engine(stage.settings), build_engine(stage.settings)
    fold = Fold(folded.manager, folded.parts())
    for event in stage.fed:
        if event[0] in fold.kinds:
            fold.record(event[0], event[2], event[3], event[5])
        for effect in again.step(event):
            if isinstance(effect, ApprovedSubmit):
                fold.record(Kind.SUBMIT, effect.intent.instrument, event[3], effect)
            elif isinstance(effect, BookedByHand):
                fold.record(Kind.BOOKED, effect.instrument, event[3], effect)
    assert again.digest() == stage.engine.digest()
    assert fold.durable_state() == stage.engine.durable_state()


@pytest.mark.parametrize(
    ("name", "scope", "args", "said"),
    [
        ("book-dividend", "symbol:MSFT.XNAS", {"amount": "1"}, "known are AAPL.XNAS"),
        ("book-dividend", "all", {"amount": "1"}, "known are AAPL.XNAS"),
        ("book-dividend", "shares", {"amount": "1"}, "no scope"),
        ("book-dividend", NAME, {}, "no exact decimal"),
        ("book-dividend", NAME, {"amount": "1e3"}, "no exact decimal"),
        ("book-dividend", NAME, {"amount": "1_000"}, "no exact decimal"),
        ("book-dividend", NAME, {"amount": "٣"}, "no exact decimal"),
        ("book-dividend", NAME, {"amount": "-0.0"}, "nothing would be booked"),
        ("book-dividend", NAME, {"amount": "0.0000000000000000001"}, "finer than 18"),
        ("book-dividend", NAME, {"amount": "1", "currency": "EUR"}, "known are AAPL, USD"),
        ("book-split", NAME, {"new": "2", "old": "2"}, "no split"),
        ("book-split", NAME, {"new": "0", "old": "1"}, "no split"),
        ("book-split", NAME, {"new": "-4", "old": "1"}, "no split"),
        ("book-split", NAME, {"new": "1.5", "old": "1"}, "no split"),
        ("book-split", NAME, {"new": "4", "old": "1", "cash_price": "1.234"}, "finer than 2"),
        ("book-split", NAME, {"new": "4", "old": "1", "cash_price": "-1"}, "negative"),
        ("book-transfer", "all", {"amount": "5"}, "give the currency"),
        ("book-transfer", "all", {"amount": "5", "currency": "USDD"}, "known are AAPL, USD"),
        ("book-transfer", "all", {"amount": "five", "currency": "USD"}, "no exact decimal"),
        ("book-transfer", "venue:XNYS", {"amount": "5", "currency": "USD"}, "venue:XNAS"),
        ("book-transfer", NAME, {"amount": "5", "currency": "USD"}, "venue:XNAS"),
    ],
)
def test_what_cannot_be_true_is_refused_and_changes_nothing(name, scope, args, said):
    stage = opened()
    before = stage.engine.durable_state()
    assert said in refused(give(stage, name, scope, **args))
    assert stage.engine.durable_state() == before


def test_what_is_not_held_pays_no_dividend_and_what_has_two_sides_is_not_split():
    stage = opened()
    give(stage, "book-split", NAME, new="1", old="1000000")
    assert "nothing is held" in refused(give(stage, "book-dividend", NAME, amount="1"))
    inverse = msgspec.structs.replace(SHARE, asset_class=AssetClass.PERPETUAL, inverse=True, settlement="AAPL")
    assert "no shares to split" in refused(give(opened(inverse), "book-split", NAME, new="2", old="1"))


def test_a_split_past_sixty_four_bits_is_refused():
    stage = opened()
    for _ in range(2):
        give(stage, "book-split", NAME, new="1000000", old="1")
    assert "64 bits" in refused(give(stage, "book-split", NAME, new="1000000", old="1"))


def test_money_that_the_venues_connector_tells_of_is_not_booked_by_hand():
    stage = opened(reconcile=ReconcileSettings(venues=("XNAS",)))
    for name, scope, args in (
        ("book-dividend", NAME, {"amount": "1"}),
        ("book-transfer", "all", {"amount": "1", "currency": "USD"}),
    ):
        assert "would count twice" in refused(give(stage, name, scope, **args))
