"""What the compiled driver cannot run is refused by name, before anything is traded."""

import dataclasses
import re
from dataclasses import dataclass

import msgspec
import pytest

from connectors.sim.account_settings import (
    BorrowModel,
    BorrowSettings,
    FundingModel,
    FundingSettings,
    MarginSettings,
)
from connectors.sim.hours_settings import HoursSettings
from connectors.sim.settings import SimSettings, uncompilable
from engine import StrategySpec
from oms.rules import AccountingRules, LotMethod
from research.compiled.driver import CompiledRun
from research.compiled.errors import CapacityExceeded, NotCompilable, NotStarted
from research.compiled.specialise import CALLBACKS
from risk.breaker_settings import BreakerSettings
from risk.control_settings import ControlSettings
from risk.exits.settings import StrategyExits
from risk.limits import RiskLimits
from risk.rule_settings import RuleSettings
from risk.sizing.settings import StrategySizing
from strategies import EmaCross, EmaCrossKernel, Kernel, desk
from tests.engine.scenario import BTC
from tests.research.compiled.both import opening, settings_of


def made(kernel, limits=None, sim=None, more=()):
    chosen = settings_of(kernel, kernel.Params(), [BTC], limits or RiskLimits())
    chosen = chosen if not more else type(chosen)(**{**vars_of(chosen), "strategies": (*chosen.strategies, *more)})
    return CompiledRun(chosen, sim or SimSettings(), "", lambda rows: None)


def vars_of(chosen):
    return {name: getattr(chosen, name) for name in ("epoch", "seed", "limits", "strategies", "balances")}


def start(run, instruments=(BTC,)):
    for event in opening(list(instruments)):
        run.step(event)


def test_a_python_strategy_is_named():
    with pytest.raises(NotCompilable, match=r"kernel \(EmaCross\) is written in Python.*driver = \"python\""):
        made(EmaCross)


def test_several_strategies_are_counted():
    other = StrategySpec(id="b", strategy=EmaCrossKernel, params=EmaCrossKernel.Params(), instruments=(BTC.id,))
    with pytest.raises(NotCompilable, match="runs one strategy, these settings have 2"):
        made(EmaCrossKernel, more=(other,))


# Everything that the simulated venue does in Python alone, by the name with which the compiled driver refuses it.
PYTHON_ALONE = {
    "funding.model = 'constant'": SimSettings(funding=FundingSettings(model=FundingModel.CONSTANT)),
    "borrow.model = 'value'": SimSettings(borrow=BorrowSettings(model=BorrowModel.VALUE)),
    "hours.sessions": SimSettings(hours=HoursSettings(sessions={BTC.id: ((1, 2),)})),
    "hours.halts": SimSettings(hours=HoursSettings(halts={BTC.id: ((1, 2),)})),
    "margin.wallets": SimSettings(margin=MarginSettings(wallets={BTC.venue: {"USDT": "1"}})),
}


@pytest.mark.parametrize("name", PYTHON_ALONE)
def test_a_model_that_only_python_has_is_named(name):
    with pytest.raises(NotCompilable, match=rf"does not have {re.escape(name)} of \[paper\.sim\]: use driver"):
        made(EmaCrossKernel, sim=PYTHON_ALONE[name])


def test_every_model_of_the_simulated_venue_that_only_python_has_is_in_that_list():
    every = {name: getattr(sim, name.partition(".")[0]) for name, sim in PYTHON_ALONE.items()}
    hours = HoursSettings(sessions={BTC.id: ((1, 2),)}, halts={BTC.id: ((1, 2),)})
    tables = {name.partition(".")[0]: table for name, table in every.items()} | {"hours": hours}
    assert uncompilable(SimSettings(**tables)) == list(PYTHON_ALONE)


def test_a_kernel_has_no_words_for_order_types_replacements_or_groups():
    """What it cannot say needs no refusal: market and limit orders, their cancels, and when to be woken."""
    assert {call.__name__ for call in desk.HOT} == {
        "next_place", "ask_order", "position_of", "buy", "sell", "cancel", "wake_at",
    }  # fmt: skip
    assert (desk.GTC, desk.POST_ONLY, desk.REDUCE_ONLY, desk.IOC, desk.FOK) == (0, 1, 2, 4, 8)


@pytest.mark.parametrize(
    ("rules", "name"),
    [
        ({"lots": LotMethod.FIFO}, "accounting.lots"),
        ({"base_currency": "USD"}, "accounting.base_currency"),
        ({"hedging": True}, "accounting.hedging"),
        ({"check_balances": True}, "accounting.check_balances"),
    ],
)
def test_books_that_only_python_keeps_are_named(rules, name):
    chosen = settings_of(EmaCrossKernel, EmaCrossKernel.Params(), [BTC], RiskLimits())
    chosen = dataclasses.replace(chosen, accounting=AccountingRules(**rules))
    with pytest.raises(NotCompilable, match=rf"does not have {name}: .*driver = \"python\""):
        CompiledRun(chosen, SimSettings(), "", lambda rows: None)


@pytest.mark.parametrize(
    ("table", "limits"),
    [("controls", RiskLimits(controls=ControlSettings())), ("breakers", RiskLimits(breakers=BreakerSettings()))],
)
def test_limits_at_every_level_and_breakers_are_named(table, limits):
    chosen = settings_of(EmaCrossKernel, EmaCrossKernel.Params(), [BTC], limits)
    with pytest.raises(NotCompilable, match=rf"does not have \[risk\.{table}\]: use driver = \"python\""):
        CompiledRun(chosen, SimSettings(), "", lambda rows: None)


@pytest.mark.parametrize(
    ("name", "given"), [("sizing", StrategySizing(largest=1)), ("exits", StrategyExits(stop_loss="2%"))]
)
def test_sizes_and_exits_are_named(name, given):
    chosen = settings_of(EmaCrossKernel, EmaCrossKernel.Params(), [BTC], RiskLimits())
    spec = dataclasses.replace(chosen.strategies[0], **{name: given})
    with pytest.raises(NotCompilable, match=rf"does not have \[strategies\.{name}\]: use driver = \"python\""):
        CompiledRun(dataclasses.replace(chosen, strategies=(spec,)), SimSettings(), "", lambda rows: None)


def test_an_inverse_contract_is_named():
    run = made(EmaCrossKernel)
    with pytest.raises(NotCompilable, match=r"BTCUSDT\.BINANCE is an inverse contract.*driver = \"python\""):
        start(run, (msgspec.structs.replace(BTC, inverse=True),))


def test_an_instrument_that_was_recorded_with_sessions_is_named():
    run = made(EmaCrossKernel)
    with pytest.raises(NotCompilable, match=r"BTCUSDT\.BINANCE has trading sessions.*driver = \"python\""):
        start(run, (msgspec.structs.replace(BTC, sessions=((1, 2),)),))


def test_limits_beyond_64_bits_are_named():
    run = made(EmaCrossKernel, RiskLimits(max_position_notional=10**12))
    with pytest.raises(CapacityExceeded, match=r"BTCUSDT\.BINANCE: max_position_value is"):
        start(run)


def test_fees_beyond_64_bits_are_named():
    run = made(EmaCrossKernel, sim=SimSettings(fee_decimals=18))
    with pytest.raises(CapacityExceeded, match=r"BTCUSDT\.BINANCE: the fee of one order in fee units may be 4"):
        start(run)


def test_more_orders_a_minute_than_the_ring_holds_are_refused():
    run = made(EmaCrossKernel, RiskLimits(max_orders_per_minute=2_000_000))
    with pytest.raises(CapacityExceeded, match=r"risk\.max_orders_per_minute is 2000000"):
        start(run)


def test_a_second_venue_is_refused():
    run = made(EmaCrossKernel)
    with pytest.raises(NotCompilable, match="trades at one venue"):
        start(run, (BTC, msgspec.structs.replace(BTC, venue="OTHER")))


def test_a_strategy_that_does_not_start_is_named():
    class Unprepared(Kernel):
        """Has no state."""

    with pytest.raises(NotStarted, match="strategy kernel did not start"):
        start(made(Unprepared))


def test_a_kernel_that_remembers_in_callbacks_of_its_own_is_named():
    class Diary(EmaCrossKernel):
        """Remembers its fills."""

        def on_fill(self, fill):
            super().on_fill(fill)
            self.remember(fill.exec_id.encode())

    with pytest.raises(NotCompilable, match=r"Diary\) has callbacks in Python \(on_fill\), .* nor anything remembered"):
        made(Diary)


def test_a_helper_that_is_no_plain_function_is_named():
    class Odd(Kernel):
        """Names a class as its helper."""

        HELPERS = (len,)

    with pytest.raises(NotCompilable, match=r"Odd: <built-in function len> among its functions"):
        made(Odd)


@dataclass(slots=True)
class Seen:
    """How much was seen."""

    count: int = 0


def forgotten(state):
    """Count; a helper that no kernel names."""
    state.count += 1


class Forgetful(Kernel):
    """Calls a helper without naming it."""

    @staticmethod
    def prepare(params, markets):
        return Seen()

    @staticmethod
    def at_quote(state, market, desk):
        forgotten(state)


class Wordy(Forgetful):
    """Keeps a text where a number belongs."""

    @staticmethod
    def at_quote(state, market, desk):
        state.count = f"{market.index}"


@pytest.mark.slow  # numba types the whole loop before it says no
@pytest.mark.parametrize(
    ("kernel", "reason"),
    [(Forgetful, "Untyped global name 'forgotten'"), (Wordy, "unicode_type")],
)
def test_a_kernel_that_numba_cannot_compile_is_named_with_the_reason_and_what_to_do(kernel, reason):
    with pytest.raises(NotCompilable) as caught:
        start(made(kernel))
    said = str(caught.value)
    assert said.startswith(f"{kernel.__name__} cannot be compiled: ")
    assert reason in said
    assert "helpers must be named in HELPERS" in said
    assert said.endswith('or choose driver = "python"')
    assert "\n" not in said


def test_every_callback_of_a_kernel_is_compiled():
    assert set(CALLBACKS) == {name for name in vars(Kernel) if name.startswith("at_")}


def test_users_rules_are_named():
    chosen = settings_of(EmaCrossKernel, EmaCrossKernel.Params(), [BTC], RiskLimits(rules=RuleSettings()))
    with pytest.raises(NotCompilable, match=r"does not have \[risk\.rules\]: use driver = \"python\""):
        CompiledRun(chosen, SimSettings(), "", lambda rows: None)
