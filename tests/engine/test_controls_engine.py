"""`[risk.controls]` in a whole engine: refusals reach the strategy, and a restart goes on with the day."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.codec import decode_payload
from core.events import ReportType, StateCarried
from core.money import money
from core.orders import ApprovedSubmit, Refusal
from core.portfolio import PortfolioRisk
from core.records import Kind
from engine import build_engine
from oms.fold import Fold
from oms.state import state_hash
from risk.control_settings import ControlSettings, ScopeLimits
from risk.limits import RiskLimits
from strategies import Strategy
from tests.engine.scenario import LOT, SECOND, Stage
from tests.engine.test_fold import Journal, Restless, carry_out, steps


class Buyer(Strategy):
    """Buys one lot on each quote, and keeps what it was refused."""

    def on_start(self):
        self.refused = []
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, quote):
        self.buy(self.markets[0], LOT, quote.bid_price)

    def on_refusal(self, refusal):
        self.refused.append(refusal.code)


def limits(**given):
    scope = {"all": ScopeLimits(**given)}
    return RiskLimits(
        max_order_notional=1_000_000, max_position_notional=10_000_000, controls=ControlSettings(limits=scope)
    )


def verdicts(effects):
    return [each for each in effects if isinstance(each, ApprovedSubmit | Refusal)]


def test_a_refusal_reaches_the_strategy_with_limit_and_figure():
    stage = Stage(Buyer, limits=limits(max_gross_notional="2.5"))
    stage.open()
    for price in (100_00, 99_98):
        assert isinstance(verdicts(stage.quote(price, 100_02))[0], ApprovedSubmit)
    (refusal,) = verdicts(stage.quote(99_97, 100_01))
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.limit) == ("GROSS_NOTIONAL", "2.5")
    buyer = stage.engine.desk.actors[0].strategy
    assert isinstance(buyer, Buyer)
    assert buyer.refused == ["GROSS_NOTIONAL"]


def test_without_controls_nothing_is_counted_and_no_digest_changes():
    stage = Stage(Buyer)
    stage.open()
    stage.quote(99_99, 100_01)
    assert not stage.engine.gate.day.traded
    assert stage.engine.gate.day.durable() == b""


@given(st.lists(steps, max_size=40), st.integers(1, 1000))
def test_folding_a_journal_gives_the_day_that_the_engine_counted(script, seed):
    stage = Stage(Restless, seed=seed, limits=limits(max_orders_per_day=10))
    stage.open()
    journal = Journal(stage)
    journal.keep_inputs()
    for what in script:
        carry_out(journal, what)
    scratch = build_engine(stage.settings)
    fold = Fold(scratch.manager, scratch.parts())
    for kind, index, now_ns, payload in journal.records:
        fold.record(kind, index, now_ns, decode_payload(kind, payload))
    assert fold.durable_state() == stage.engine.durable_state()


@pytest.mark.parametrize("controlled", [True, False])
def test_a_restart_goes_on_with_the_day_and_a_session_without_controls_reads_it(controlled):
    stage = Stage(Buyer, limits=limits(max_orders_per_day=2))
    stage.open()
    stage.quote(99_98, 100_02)
    state = stage.engine.durable_state()
    after = Stage(Buyer, epoch=2, limits=limits(max_orders_per_day=2) if controlled else None)
    after.payload(Kind.INSTRUMENT, next(each[5] for each in stage.fed if each[0] == Kind.INSTRUMENT), 0)
    after.payload(Kind.CARRIED, StateCarried(session="s", seq=1, state=state, digest=state_hash(state)))
    after.open()
    codes = [
        each.code if isinstance(each, Refusal) else ""
        for price in (99_97, 99_96)
        for each in verdicts(after.quote(price, 100_02))
    ]
    assert codes == (["", "DAY_ORDERS"] if controlled else ["", ""])


def test_what_had_no_value_at_a_restart_is_counted_once_its_market_has_a_price():
    given = limits(max_fees_per_day=1)
    stage = Stage(Buyer, limits=given)
    stage.open()
    (order,) = verdicts(stage.quote(99_98, 100_02))
    stage.report(
        ReportType.FILLED, order.intent.client_order_id, quantity=LOT, price=99_98, exec_id="e1", fee=str(10**14),
        fee_currency="BTC",
    )  # fmt: skip
    state = stage.engine.durable_state()
    after = Stage(Buyer, epoch=2, limits=given)
    after.payload(Kind.INSTRUMENT, next(each[5] for each in stage.fed if each[0] == Kind.INSTRUMENT), 0)
    after.now_ns = stage.now_ns
    after.payload(Kind.CARRIED, StateCarried(session="s", seq=1, state=state, digest=state_hash(state)))
    assert after.engine.gate.controls is not None
    after.engine.gate.controls.leverage_ppm(after.now_ns)  # as a limit or a cancel does before any market has a price
    after.open()
    after.quote(99_97, 100_02)
    after.time(SECOND)
    (order,) = verdicts(after.quote(99_96, 100_02))
    assert isinstance(order, ApprovedSubmit)


def test_limits_that_change_name_another_version():
    stage = Stage(Buyer, limits=limits(max_orders_per_day=2))
    version = stage.engine.gate.limits_version
    changed = msgspec.structs.replace(limits(max_orders_per_day=3))
    stage.engine.gate.change(changed)
    assert stage.engine.gate.limits_version != version


def test_what_the_risk_worker_says_holds_back_what_opens_and_replays():
    stage = Stage(Buyer, limits=limits(max_var_99=50))
    stage.open()

    def measured(var: str) -> None:
        told = PortfolioRisk(as_of_ns=stage.now_ns, base_currency="USDT", var_99=str(money(var)))
        stage.payload(Kind.PORTFOLIO, told)

    codes = []
    for var in ("", "50", "50.01"):
        if var:
            measured(var)
        codes += [getattr(each, "code", "") for each in verdicts(stage.quote(99_98, 100_02))]
    assert codes == ["PORTFOLIO_STALE", "", "VAR_99"]
    again = Stage(Buyer, limits=limits(max_var_99=50))
    for event in stage.fed:
        again.step(event)
    assert again.engine.digest() == stage.engine.digest()
