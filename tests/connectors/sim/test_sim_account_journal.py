"""Funding, liquidation and hours in a whole run: journaled as inputs, and replayed to the same effects and digests."""

import msgspec

from connectors.sim import SimSettings
from connectors.sim.account_settings import FundingModel, FundingSettings, MarginSettings
from connectors.sim.hours_settings import HoursSettings
from connectors.sim.paper import PaperExecution
from core.codec import decode_payload, encode_payload
from core.effects import BalanceChanged, Effect, OrderFilled
from core.events import FeedChanged, FeedState, InstrumentDefined, LifecycleChanged, LifecycleState
from core.instruments import AssetClass
from core.market import Quote
from core.money import MONEY_UNIT, money
from core.records import FIRST_PAYLOAD_INPUT, NO_INSTRUMENT, Event, Kind
from engine.build import EngineSettings, build_engine
from engine.spec import StrategySpec
from engine.virtual import VirtualRun
from risk.limits import RiskLimits
from strategies import Strategy
from tests.connectors.sim.world import PLAIN

HOUR_NS = 3_600_000_000_000
PERPETUAL = msgspec.structs.replace(
    PLAIN, asset_class=AssetClass.PERPETUAL, margin_initial_ppm=50_000, margin_maintenance_ppm=5_000
)
SIM = SimSettings(
    funding=FundingSettings(model=FundingModel.CONSTANT, rate_e8=100_000),
    margin=MarginSettings(wallets={"SIM": {"USD": "1000"}}),
    hours=HoursSettings(halts={PERPETUAL.id: ((10 * HOUR_NS, 11 * HOUR_NS),)}),
)


class Greedy(Strategy):
    """Buys ten once, and hears of what becomes of them."""

    def on_start(self) -> None:
        self.told: list[str] = []
        self.subscribe_quotes(self.markets[0])

    def on_quote(self, _quote: Quote) -> None:
        if not self.told:
            self.told.append("bought")
            self.buy(self.markets[0], 10)

    def on_fill(self, fill: OrderFilled) -> None:
        self.told.append(f"{fill.client_order_id[:9]} {fill.side.name} {fill.quantity}")


def settings_of() -> EngineSettings:
    spec = StrategySpec(id="greedy", strategy=Greedy, params=Greedy.Params(), instruments=(PERPETUAL.id,))
    limits = RiskLimits(max_order_notional=1_000_000, max_position_notional=10_000_000)
    return EngineSettings(epoch=1, seed=1, limits=limits, strategies=(spec,), balances={"USD": money("1000")})


def quote(now_ns: int, price: int) -> Event:
    return (Kind.QUOTE, 0, 0, now_ns, 0, price, 50, price, 50, now_ns)


def begin(instrument=PERPETUAL) -> list[Event]:
    connected = FeedChanged(venue="SIM", state=FeedState.CONNECTED)
    return [
        (Kind.INSTRUMENT, 0, 0, 1, 0, InstrumentDefined(instrument), 0, 0, 0, 0),
        (Kind.FEED, 0, NO_INSTRUMENT, 1, 0, connected, 0, 0, 0, 0),
        (Kind.LIFECYCLE, 0, NO_INSTRUMENT, 1, 0, LifecycleChanged(LifecycleState.READY), 0, 0, 0, 0),
    ]


def journaled(event: Event) -> Event:
    """The event as it comes back from a journal."""
    if event[0] < FIRST_PAYLOAD_INPUT:
        return event
    return (*event[:5], decode_payload(event[0], encode_payload(event[5])), 0, 0, 0, 0)


class Recorded(VirtualRun):
    """A run that keeps its inputs, as a journal does."""

    inputs: list[Event]

    def step(self, event: Event) -> None:
        self.inputs.append(event)
        super().step(event)


def run_of(quotes: list[Event], coast: bool = False) -> tuple[VirtualRun, list[tuple[int, Effect]], list[Event]]:
    seen: list[tuple[int, Effect]] = []
    engine = build_engine(settings_of())
    paper = PaperExecution(SIM, engine.markets)
    kind = VirtualRun if coast else Recorded
    run = kind(engine, paper, watch=lambda now_ns, told: seen.extend((now_ns, each) for each in told))
    run.inputs = []  # type: ignore[attr-defined]
    for event in begin():
        run.feed(event)
    if coast:
        run.feed_run(quotes)
    else:
        for event in quotes:
            run.feed(event)
    run.catch_up(quotes[-1][3] + HOUR_NS)
    return run, seen, run.inputs  # type: ignore[attr-defined]


QUOTES = [quote(2, 1_000), quote(3 * HOUR_NS, 1_010), quote(9 * HOUR_NS, 1_000)]
FALL = [quote(10 * HOUR_NS + 5, 800), quote(11 * HOUR_NS + 5, 880), quote(12 * HOUR_NS, 890)]


def test_funding_reaches_the_balances_and_the_positions_fees():
    run, seen, _ = run_of(QUOTES)
    [(now_ns, paid)] = [
        (now_ns, effect) for now_ns, effect in seen if isinstance(effect, BalanceChanged) and effect.reason == "funding"
    ]
    assert now_ns == 8 * HOUR_NS + SIM.response_latency_ns
    assert paid.delta == str(-money("10.1"))  # 0.1 % of 10 at 1,010
    own, net = run.engine.manager.strategy_position("greedy", 0), run.engine.manager.position(0)
    assert own.fees == net.fees == money("20.1")  # with the commission of 0.1 % of 10,000


def test_a_liquidation_closes_the_strategys_position_and_leaves_what_the_fills_say():
    run, seen, _ = run_of(QUOTES + FALL)
    manager = run.engine.manager
    [actor] = run.engine.desk.actors
    assert actor.strategy.told[-1] == "autoclose SELL 10"  # type: ignore[attr-defined]
    assert manager.position(0).quantity == manager.strategy_position("greedy", 0).quantity == 0
    net = manager.position(0)
    assert manager.balances()["USD"] == 1_000 * MONEY_UNIT + net.realised_money - net.fees
    fills = [effect for _, effect in seen if isinstance(effect, OrderFilled)]
    assert [fill.price for fill in fills] == [1_000, 880]  # not the 800 that was seen in the halt
    assert sum(int(fill.realised) for fill in fills) == net.realised_money


def test_whether_events_come_one_by_one_or_in_a_run_changes_nothing():
    one, one_seen, _ = run_of(QUOTES + FALL)
    many, many_seen, _ = run_of(QUOTES + FALL, coast=True)
    assert one_seen == many_seen
    assert one.engine.digest() == many.engine.digest()


def test_the_recorded_inputs_alone_give_the_same_effects_and_digest_again():
    run, seen, inputs = run_of(QUOTES + FALL)
    kinds = {event[0] for event in inputs}
    assert {Kind.ACCOUNT_MOVE, Kind.ACCOUNT_TRADE} <= kinds
    again = build_engine(settings_of())
    effects = [(event[3], effect) for event in inputs for effect in again.step(journaled(event))]
    assert effects == seen
    assert again.digest() == run.engine.digest()
