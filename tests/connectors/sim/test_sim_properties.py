"""Rules that hold for every market and every order."""

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from connectors.sim import SimSettings
from core.events import OrderReport, ReportType
from core.orders import Liquidity, OrderIntent, OrderType, Side, TimeInForce
from tests.connectors.sim.world import NO_LATENCY, World, levels_of, touch_of

ENDS = {ReportType.FILLED, ReportType.CANCELLED, ReportType.EXPIRED}
PRICES = st.integers(95, 105)
QUANTITIES = st.integers(1, 9)

Step = tuple[object, ...]

quotes = st.builds(
    lambda bid, bid_quantity, spread, ask_quantity: (
        "quote", f"{bid_quantity} @ {bid} | {bid + spread} @ {ask_quantity}"
    ),
    PRICES, QUANTITIES, st.integers(1, 3), QUANTITIES,
)  # fmt: skip
trades = st.builds(
    lambda aggressor, quantity, price: ("trade", f"{aggressor} {quantity} @ {price}"),
    st.sampled_from(["buy", "sell"]), QUANTITIES, PRICES,
)  # fmt: skip
depths = st.tuples(st.just("depth"), st.sampled_from(["bid", "ask"]), PRICES, st.integers(0, 9))
orders = st.tuples(
    st.just("order"),
    st.sampled_from(Side),
    QUANTITIES,
    PRICES,
    st.sampled_from(["market", "gtc", "gtc", "gtc", "ioc", "fok", "market-fok", "post-only", "reduce-only"]),
)
cancels = st.tuples(st.just("cancel"), st.integers(1, 12))
waits = st.tuples(st.just("wait"), st.integers(1, 400_000_000))
scripts = st.lists(st.one_of(quotes, quotes, trades, depths, orders, orders, cancels, waits), max_size=60)

BOOK = """
      | 104 | 6
      | 103 | 3
      | 102 | 4
    5 | 100 |
    7 |  99 |
    2 |  97 |
"""


@dataclass
class Story:
    """A world, and what has become of each order in it."""

    world: World
    intents: dict[str, OrderIntent] = field(default_factory=dict)
    filled: Counter[str] = field(default_factory=Counter)
    ended: dict[str, ReportType] = field(default_factory=dict)
    position: int = 0

    def tell(self, step: Step) -> list[OrderReport]:
        """Do one step and return what it brought."""
        match step:
            case ("quote", str(text)):
                self.world.quote(text)
            case ("trade", str(text)):
                self.world.trade(text)
            case ("depth", str(side), int(price), int(quantity)):
                self.world.depth((side, price, quantity))
            case ("cancel", int(number)):
                self.world.cancel(f"A{number}")
            case ("wait", int(duration_ns)):
                self.world.wait(duration_ns)
            case ("order", Side() as side, int(quantity), int(price), str(kind)):
                self.submit(side, quantity, price, kind)
        before = len(self.world.reports)
        self.world.heard()
        return self.world.reports[before:]

    def submit(self, side: Side, quantity: int, price: int, kind: str) -> None:
        is_market = kind.startswith("market")
        name = kind.removeprefix("market-")
        intent = OrderIntent(
            client_order_id=f"A{len(self.intents) + 1}",
            strategy_id="test",
            instrument=0,
            side=side,
            type=OrderType.MARKET if is_market else OrderType.LIMIT,
            quantity=quantity,
            price=0 if is_market else price,
            time_in_force=TimeInForce(name) if name in {"ioc", "fok"} else TimeInForce.GTC,
            post_only=kind == "post-only",
            reduce_only=kind == "reduce-only",
        )
        self.intents[intent.client_order_id] = intent
        self.world.submit(intent)

    def book(self, report: OrderReport) -> None:
        """Keep account of one report; whatever breaks the life of an order fails here."""
        name = report.client_order_id
        if report.type is ReportType.CANCEL_REJECTED:
            assert name not in self.intents or name in self.ended
            return
        intent = self.intents[name]
        assert name not in self.ended, "nothing may follow the end of an order"
        if report.type is ReportType.FILLED:
            assert report.quantity > 0
            self.filled[name] += report.quantity
            assert self.filled[name] <= intent.quantity
            self.check_price(intent, report)
            self.check_reduces(intent, report)
            if self.filled[name] == intent.quantity:
                self.ended[name] = report.type
        elif report.type is not ReportType.ACCEPTED:
            self.ended[name] = report.type

    def check_price(self, intent: OrderIntent, report: OrderReport) -> None:
        if report.liquidity is Liquidity.MAKER:
            assert report.price == intent.price
            assert intent.time_in_force is TimeInForce.GTC
            assert intent.type is OrderType.LIMIT
        else:
            assert not intent.post_only
            if intent.type is OrderType.LIMIT:
                assert (intent.price - report.price) * int(intent.side) >= 0

    def check_reduces(self, intent: OrderIntent, report: OrderReport) -> None:
        before = self.position
        self.position += int(intent.side) * report.quantity
        if intent.reduce_only:
            assert abs(self.position) == abs(before) - report.quantity


def fills_of(reports: list[OrderReport]) -> list[OrderReport]:
    return [report for report in reports if report.type is ReportType.FILLED]


@given(script=scripts, with_book=st.booleans())
def test_every_order_lives_one_life_within_its_limit_and_quantity(script: list[Step], with_book: bool) -> None:
    story = Story(World())
    if with_book:
        story.world.draw(BOOK)
    for step in script:
        for report in story.tell(step):
            story.book(report)
    for name, intent in story.intents.items():
        if intent.time_in_force is not TimeInForce.GTC or intent.type is OrderType.MARKET:
            assert name in story.ended
        if intent.time_in_force is TimeInForce.FOK:
            assert story.filled[name] in {0, intent.quantity}
    exec_ids = [report.exec_id for report in fills_of(story.world.reports)]
    assert len(set(exec_ids)) == len(exec_ids)


@given(script=scripts)
def test_takers_get_no_better_than_the_touch_and_no_more_than_is_displayed(script: list[Step]) -> None:
    story = Story(World())
    story.world.draw(BOOK)
    for step in script:
        if step[0] != "order":
            story.tell(step)
            continue
        side = step[1]
        assert isinstance(side, Side)
        displayed = dict(levels_of(story.world.market, side.opposite))
        taken: Counter[int] = Counter()
        prices = []
        for report in fills_of(story.tell(step)):
            assert report.liquidity is Liquidity.TAKER
            taken[report.price] += report.quantity
            prices.append(report.price)
        assert all(quantity <= displayed[price] for price, quantity in taken.items())
        assert prices == sorted(prices, reverse=side is Side.SELL)
        assert len(set(prices)) == len(prices), "one fill a level"


@given(script=scripts)
def test_a_print_fills_only_its_side_at_or_through_its_price_and_never_beyond_its_quantity(
    script: list[Step],
) -> None:
    story = Story(World())
    story.world.draw(BOOK)
    for step in script:
        reports = fills_of(story.tell(step))
        if step[0] != "trade":
            continue
        aggressor, quantity, _, price = str(step[1]).split()
        assert sum(report.quantity for report in reports) <= int(quantity)
        for report in reports:
            intent = story.intents[report.client_order_id]
            assert (intent.side is Side.BUY) == (aggressor == "sell")
            assert (intent.price - int(price)) * int(intent.side) >= 0


@given(script=scripts)
def test_a_quote_fills_no_more_than_it_shows_and_only_whom_it_crosses(script: list[Step]) -> None:
    story = Story(World())
    story.world.draw(BOOK)
    for step in script:
        reports = fills_of(story.tell(step))
        bid, bid_quantity, ask, ask_quantity = touch_of(story.world.market)
        if step[0] == "depth" and story.world.market.quote_ns:
            assert not reports, "the book behind the quote is late: it fills nobody"
        if step[0] != "quote":
            continue
        for side, touch, displayed in ((Side.BUY, ask, ask_quantity), (Side.SELL, bid, bid_quantity)):
            ours = [report for report in reports if story.intents[report.client_order_id].side is side]
            assert sum(report.quantity for report in ours) <= displayed
            assert all((report.price - touch) * int(side) >= 0 for report in ours)


@given(script=scripts)
def test_what_is_displayed_and_never_changes_is_taken_once(script: list[Step]) -> None:
    """However many orders come, a market that does not move gives each level once."""
    world = World()
    world.draw(BOOK)
    total = {Side.BUY: sum(q for _, q in levels_of(world.market, Side.SELL)),
             Side.SELL: sum(q for _, q in levels_of(world.market, Side.BUY))}  # fmt: skip
    story = Story(world)
    got: Counter[Side] = Counter()
    for step in script:
        if step[0] == "order":
            for report in fills_of(story.tell(step)):
                got[story.intents[report.client_order_id].side] += report.quantity
    assert all(got[side] <= total[side] for side in Side)


@given(
    script=scripts,
    entry_ns=st.integers(0, 5),
    response_ns=st.integers(0, 5),
)
def test_the_same_inputs_give_the_same_reports_and_the_same_state(
    script: list[Step], entry_ns: int, response_ns: int
) -> None:
    settings = SimSettings(entry_latency_ns=entry_ns, response_latency_ns=response_ns)
    stories = [Story(World(settings)) for _ in range(2)]
    for story in stories:
        story.world.draw(BOOK)
        for step in script:
            story.tell(step)
    first, second = stories
    assert first.world.reports == second.world.reports
    assert repr(first.world.venue.state()) == repr(second.world.venue.state())


@given(script=scripts, entry_ns=st.integers(0, 9), response_ns=st.integers(0, 9))
def test_when_we_ask_changes_nothing_and_reports_come_in_order(
    script: list[Step], entry_ns: int, response_ns: int
) -> None:
    settings = SimSettings(entry_latency_ns=entry_ns, response_latency_ns=response_ns)
    eager, patient = Story(World(settings)), Story(World(settings))
    patient.world.heard = list  # type: ignore[method-assign]  # asks only at the end
    for story in (eager, patient):
        story.world.draw(BOOK)
        for step in script:
            story.tell(step)
        story.world.wait(100)
    eager.world.heard()
    late = patient.world.venue.poll(patient.world.now_ns)
    assert [report for _, _, report in late] == eager.world.reports
    due = [due_ns for due_ns, _, _ in late]
    assert due == sorted(due)
    assert patient.world.venue.next_due_ns() == 0


@given(script=scripts)
def test_nothing_is_kept_of_orders_that_ended(script: list[Step]) -> None:
    story = Story(World(NO_LATENCY))
    story.world.draw(BOOK)
    for step in script:
        for report in story.tell(step):
            story.book(report)
    for name in story.intents:
        story.world.cancel(name)
    story.world.heard()
    requests, _, matchers = story.world.venue.state()
    assert requests == []
    assert isinstance(matchers, list)
    _, (position, bids, asks) = matchers[0]
    assert position == story.position
    assert (bids[0], asks[0]) == ([], [])
