"""A strategy gets other parameters while it runs: paused, built anew, its positions and memory kept, and it replays."""

import pytest

from core.effects import Alert, StrategyChanged
from core.events import CommandReceived, ReportType
from core.orders import ApprovedCancel, ApprovedSubmit
from core.records import Kind
from engine import StrategySpec, build_engine
from strategies import Strategy, StrategyParams
from tests.engine.scenario import LOT, Stage, only


class Sized(Strategy):
    """Bids once at its start; remembers that it did."""

    class Params(StrategyParams, frozen=True):
        lots: int = 1
        price: int = 97_00
        eager: bool = False
        quantity: int | float | str = "0.01"

        def __post_init__(self) -> None:
            if self.lots <= 0:
                raise ValueError("lots must be positive")

    params: Params

    def on_start(self):
        self.subscribe_quotes(self.markets[0])
        self.seen = self.remembered
        self.buy(self.markets[0], self.params.lots * LOT, self.params.price)
        self.remember(b"bid")

    def save(self):
        return {"seen": len(self.seen)}


SPEC = StrategySpec(id="sized", strategy=Sized, params=Sized.Params(), instruments=("BTCUSDT.BINANCE",))


@pytest.fixture
def stage() -> Stage:
    made = Stage(SPEC)
    [order] = only(made.open(), ApprovedSubmit)
    made.report(ReportType.ACCEPTED, order.intent.client_order_id, venue_order_id="v0")
    return made


def say(stage: Stage, name: str, reason: str = "calm", strategy: str = "sized", **args: str):
    command = CommandReceived(name=name, strategy_id=strategy, reason=reason, source="uid=1000", args=args)
    return stage.payload(Kind.COMMAND, command)


def test_it_is_paused_its_orders_cancelled_and_resumed_with_the_new_parameters(stage):
    effects = say(stage, "retune", lots="3", eager="true", quantity="0.02")
    assert len(only(effects, ApprovedCancel)) == 1
    assert [change.state.value for change in only(effects, StrategyChanged)] == ["paused"]
    [alert] = only(effects, Alert)
    assert alert.code == "RETUNED"
    assert "sized: eager False -> True, lots 1 -> 3, quantity 0.01 -> 0.02 (calm)" in alert.message
    assert not only(stage.quote(99_99, 100_01), ApprovedSubmit), "not before somebody resumes it"
    [order] = only(say(stage, "resume"), ApprovedSubmit)
    assert (order.intent.quantity, order.intent.price) == (3 * LOT, 97_00)
    strategy = stage.engine.desk.by_id["sized"].strategy
    assert isinstance(strategy, Sized)
    assert (strategy.params.eager, strategy.seen) == (True, b"bid"), "it knows what it remembered"


def test_it_replays_to_the_same_digest(stage):
    say(stage, "retune", lots="3")
    say(stage, "resume")
    stage.quote(99_99, 100_01)
    again = build_engine(stage.settings)
    for event in stage.fed:
        again.step(event)
    assert again.digest() == stage.engine.digest()
    changed = again.desk.by_id["sized"].strategy.params
    assert changed == Sized.Params(lots=3)


@pytest.mark.parametrize(
    ("strategy", "args", "reason", "said"),
    [
        ("emma", {"lots": "3"}, "x", "known are sized"),
        ("sized", {}, "x", "expected some of its parameters, lots, price"),
        ("sized", {"lot": "3"}, "x", "lot is none of them"),
        ("sized", {"lots": "three"}, "x", "ValidationError"),
        ("sized", {"lots": "0"}, "x", "lots must be positive"),
        ("sized", {"lots": "3"}, " ", "give the reason"),
    ],
)
def test_what_cannot_be_is_refused_and_the_strategy_goes_on(stage, strategy, args, reason, said):
    effects = say(stage, "retune", reason, strategy, **args)
    [alert] = only(effects, Alert)
    assert alert.code == "COMMAND_REFUSED"
    assert said in alert.message
    actor = stage.engine.desk.by_id["sized"]
    assert (actor.active, actor.strategy.params) == (True, Sized.Params())


def test_one_that_is_paused_already_can_be_retuned(stage):
    say(stage, "pause")
    assert [alert.code for alert in only(say(stage, "retune", lots="2"), Alert)] == ["RETUNED"]
    [order] = only(say(stage, "resume"), ApprovedSubmit)
    assert order.intent.quantity == 2 * LOT
