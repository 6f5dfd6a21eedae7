"""How the trading stands, read off a real engine in the middle of its reconciliation."""

from types import SimpleNamespace
from typing import Any

import pytest

from config.compose import engine_settings
from config.load import parse
from config.strategies import load_strategies
from connectors.base import TradingStats
from core.codec import KIND_OF
from core.effects import Effect, FreezeChanged, Reconciled, ReconcileState
from core.events import CommandReceived, InstrumentDefined, LifecycleChanged, LifecycleState, LinkChanged, LinkState
from core.evidence import AccountFacts, EvidenceGiven, EvidenceWanted, Subject, VenueBalance
from core.money import MONEY_UNIT
from core.records import NO_INSTRUMENT, Event
from daemon.live.lease import LeaseRecord
from daemon.projection import Projection
from daemon.standing import Standing
from daemon.start import _kill
from daemon.stats import Stats
from engine.build import build_engine
from tests.daemon.store.store_making import spot

SETTINGS = """
[session]
mode = "live"
[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT"]
[venues.binance.trading]
key = "k"
cancel_share = 0.3
[live]
account = "mine"
foreign_orders = "ignore"
"""
START_NS = 1_795_262_400_000_000_000
SECOND_NS = 1_000_000_000
LEASE = LeaseRecord(epoch=7, pid=4711, session="s", started_ns=START_NS)


class FakeTrading:
    """A trading connector that says what it is told to."""

    def __init__(self) -> None:
        self.figures: dict[str, Any] = {
            "sent": 0,
            "fallbacks": 0,
            "unknown": 0,
            "throttled": 0,
            "queued": 0,
            "reconnects": 0,
            "requests": 0,
            "weight_used": 20,
            "weight_limit": 6000,
            "orders_used": 0,
            "orders_limit": 100,
            "clock_offset_ns": 5,
            "last_error": "",
            "dead_man_until_ns": None,
        }

    def stats(self) -> dict[str, TradingStats]:
        return {"BINANCE": TradingStats(**self.figures)}


class Desk:
    """An engine, its questions, and what the projection makes of it."""

    def __init__(self) -> None:
        config = parse(SETTINGS, file="test.toml", environ={})
        self.now_ns = START_NS
        self.engine = build_engine(engine_settings(config.settings, load_strategies(config), START_NS))
        self.trading = FakeTrading()
        self.stats = Stats(START_NS)
        standing = Standing(self.engine, config.settings, self.trading, self.stats, LEASE)  # type: ignore[arg-type]
        self.projection = Projection(self.engine, self.stats, "s", "live", [], "", standing)
        self.questions: list[EvidenceWanted] = []
        self.step(InstrumentDefined(spot()), index=0)

    def step(self, payload: object, index: int = NO_INSTRUMENT) -> list[Effect]:
        self.now_ns += SECOND_NS
        event: Event = (KIND_OF[type(payload)], 0, index, self.now_ns, 0, payload, 0, 0, 0, 0)
        effects = list(self.engine.step(event))
        for effect in effects:
            self.projection.watch(self.now_ns, effect)
            if isinstance(effect, EvidenceWanted):
                self.questions.append(effect)
        return effects

    def answer(self, btc: int = 1) -> None:
        """Answer every question, and those that follow."""
        while self.questions:
            wanted = self.questions.pop(0)
            given: dict[str, Any] = {
                "number": wanted.number,
                "venue": wanted.venue,
                "subject": wanted.subject,
                "asked_ns": self.now_ns,
            }
            if wanted.subject is Subject.BALANCES:
                figures = (("USDT", 100), ("BTC", btc))
                balances = [VenueBalance(currency=name, total=str(amount * MONEY_UNIT)) for name, amount in figures]
                given["balances"] = tuple(balances)
            if wanted.subject is Subject.ACCOUNT:
                given["account"] = AccountFacts(may_trade=True, may_withdraw=False)
            self.step(EvidenceGiven(**given))

    @property
    def live(self):
        return self.projection.status(self.now_ns, journal_bytes=0, loop_lag_ns=0, malformed={}, reconnects=0).live

    @property
    def venue(self):
        (venue,) = self.live.venues
        return venue


@pytest.fixture
def desk() -> Desk:
    return Desk()


def begin(desk: Desk) -> None:
    desk.trading.figures |= {"link": LinkState.UP, "orders_up": True, "private_up": True}
    desk.step(LinkChanged(venue="BINANCE", state=LinkState.UP))
    desk.step(LifecycleChanged(LifecycleState.RECONCILING))


def test_before_the_link_is_up_the_books_wait_for_it(desk):
    venue = desk.venue
    assert (venue.books, venue.step, venue.link, venue.orders, venue.private) == (
        "waiting",
        "its link to come up",
        "",
        "down",
        "down",
    )
    assert (venue.books_age_ns, venue.unknown_age_ns, venue.dead_man_ns) == (-1, -1, None)


def test_a_comparison_says_its_step_and_the_answers_that_it_waits_for(desk):
    begin(desk)
    assert (desk.venue.books, desk.venue.step) == ("comparing", "open orders")
    assert desk.venue.waits_for == ["open orders", "account"]


def test_books_that_agree_say_since_when(desk):
    begin(desk)
    desk.answer()
    compared_ns = desk.now_ns
    desk.step(LifecycleChanged(LifecycleState.READY))
    venue = desk.venue
    assert (venue.books, venue.step, venue.waits_for, venue.link) == ("agreed", "", [], "up")
    assert venue.books_age_ns == desk.now_ns - compared_ns == SECOND_NS


def test_what_is_frozen_and_halted_is_told_with_its_reason_until_the_operator_releases_it(desk):
    begin(desk)
    desk.answer()
    effects: list[Effect] = []
    freezes = desk.engine.gate.freezes
    freezes.freeze(0, "BTC differs", effects)
    freezes.halt("order 77 is not ours", effects)
    for effect in effects:
        desk.projection.watch(desk.now_ns, effect)
    since_ns = desk.now_ns

    assert [(each.instrument, each.state, each.reason, each.since_ns) for each in desk.live.freezes] == [
        ("", "halted", "order 77 is not ours", since_ns),
        ("BTCUSDT.BINANCE", "frozen", "BTC differs", since_ns),
    ]
    assert any(isinstance(effect, FreezeChanged) for effect in effects)

    desk.step(CommandReceived(name="release", source="signal:SIGUSR1"))
    assert desk.live.freezes == []


def test_a_comparison_that_ended_in_a_break_says_why(desk):
    begin(desk)
    desk.answer()
    desk.projection.watch(desk.now_ns, Reconciled(venue="BINANCE", state=ReconcileState.BROKEN, reason="BTC differs"))
    assert desk.venue.books_reason == "BTC differs"


def test_allowances_clock_and_the_venues_timer_are_the_connectors(desk):
    begin(desk)
    desk.trading.figures |= {
        "silent_until_ns": desk.now_ns + 8 * SECOND_NS,
        "dead_man_until_ns": desk.now_ns + 58 * SECOND_NS,
        "clock_uncertainty_ns": 3,
        "clock_doubt": "it jumped",
    }
    venue = desk.venue
    assert (venue.weight_used, venue.weight_limit, venue.orders_used, venue.orders_limit) == (20, 6000, 0, 100)
    assert (venue.cancel_share, venue.orders, venue.silent_ns) == (0.3, "silent", 8 * SECOND_NS)
    assert (venue.clock_offset_ns, venue.clock_uncertainty_ns, venue.clock_bound_ns) == (5, 3, 500_000_000)
    assert venue.dead_man_ns == 58 * SECOND_NS
    assert venue.clock_doubt == "it jumped"


def test_lease_policy_and_the_age_of_the_snapshot_are_told(desk):
    assert (desk.live.account, desk.live.epoch, desk.live.release) == ("mine", 7, "tickerd release")
    assert desk.live.order_prefix == "t00000007"
    assert (desk.live.foreign_policy, desk.live.foreign_orders, desk.live.snapshot_age_ns) == ("ignore", 0, -1)
    desk.stats.snapshot_ns = desk.now_ns - SECOND_NS
    assert desk.live.snapshot_age_ns == SECOND_NS


def test_sigusr1_kills_everything():
    commands: list[CommandReceived] = []
    _kill(SimpleNamespace(command=commands.append))  # type: ignore[arg-type]
    assert [(each.name, each.scope, each.source) for each in commands] == [("kill", "all", "signal:SIGUSR1")]


def test_the_account_is_counted_in_the_currency_of_its_instruments(desk):
    begin(desk)
    desk.answer()
    status = desk.projection.status(desk.now_ns, journal_bytes=0, loop_lag_ns=0, malformed={}, reconnects=0)
    assert status.account.base_currency == "USDT"
    assert status.account.equity == "100"
    assert status.account.unpriced == ["BTC"], "no market has told a price yet"
