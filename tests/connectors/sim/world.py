"""A small world to drive the simulated venue in: drawn books, orders in words, reports in words.

Prices and quantities are whole numbers (precision 0, tick 1, lot 1), so a drawn book reads as it is. Both latencies are
0 unless a test is about them.
"""

import re
from collections.abc import Iterable, Iterator

from connectors.sim import SimSettings
from connectors.sim.exchange import simulated_venue
from connectors.sim.reports import VenueReport
from connectors.sim.view import levels_behind, touch_met
from core.events import AccountMoved, AccountTraded, OrderReport, ReportType
from core.instruments import AssetClass, Instrument
from core.market import Market
from core.money import money_text
from core.orders import ApprovedCancel, ApprovedReplace, ApprovedSubmit, OrderIntent, OrderType, Side, TimeInForce
from core.records import ASK, FIRST, LAST, NOT_MARKET, SELL_AGGRESSOR, SNAPSHOT, Event, Kind

NO_LATENCY = SimSettings(entry_latency_ns=0, response_latency_ns=0)
PLAIN = Instrument(
    symbol="ABCUSD",
    venue="SIM",
    asset_class=AssetClass.CRYPTO_SPOT,
    base="ABC",
    quote="USD",
    price_precision=0,
    size_precision=0,
    tick=1,
    lot=1,
)

_ORDER = re.compile(r"(?P<id>\w+): (?P<side>buy|sell) (?P<quantity>\d+)(?: @ (?P<price>\d+))?(?P<words>[ \w-]*)$")
_ROW = re.compile(r"^ *(?P<bid>\d*) *\| *(?P<price>\d+) *\|(?: *(?P<ask>\d+))? *$")


def order(text: str, instrument: int = 0) -> OrderIntent:
    """Read `A: buy 7 @ 101 ioc`; without a price it is a market order; words: ioc fok post-only reduce-only."""
    match = _ORDER.match(text)
    assert match is not None, text
    words = match["words"].split()
    return OrderIntent(
        client_order_id=match["id"],
        strategy_id="test",
        instrument=instrument,
        side=Side.BUY if match["side"] == "buy" else Side.SELL,
        type=OrderType.LIMIT if match["price"] else OrderType.MARKET,
        quantity=int(match["quantity"]),
        price=int(match["price"] or 0),
        time_in_force=next((TimeInForce(word) for word in words if word in set(TimeInForce)), TimeInForce.GTC),
        post_only="post-only" in words,
        reduce_only="reduce-only" in words,
    )


def words_of(report: VenueReport) -> str:
    """Say a report as `A filled 5 @ 101 taker`, `funding -5 USD` or `autoclose-1 sold 3 @ 99`, with reasons."""
    if isinstance(report, AccountMoved):
        return f"{report.reason} {money_text(int(report.amount))} {report.currency}"
    if isinstance(report, AccountTraded):
        return f"{report.order_id} {'bought' if report.side > 0 else 'sold'} {report.quantity} @ {report.price}"
    said = f"{report.client_order_id} {report.type.value}"
    if report.type is ReportType.FILLED:
        assert report.liquidity is not None
        return f"{said} {report.quantity} @ {report.price} {report.liquidity.value}"
    if report.type is ReportType.REPLACED:
        return f"{said} {report.quantity} @ {report.price}"
    return f"{said}: {report.reason}" if report.reason else said


def touch_of(market: Market) -> tuple[int, int, int, int]:
    """Return (bid, bid quantity, ask, ask quantity) that orders meet."""
    return touch_met(market, 0, 0, 0, 1)


def levels_of(market: Market, side: Side) -> Iterator[tuple[int, int]]:
    """Yield (price, displayed quantity) of the resting `side`, best first: the touch, then the book behind it."""
    bid, bid_quantity, ask, ask_quantity = touch_of(market)
    price, quantity = (bid, bid_quantity) if side is Side.BUY else (ask, ask_quantity)
    if price:
        yield price, quantity
        levels = market.book.bids if side is Side.BUY else market.book.asks
        for place in reversed(range(levels_behind(market, levels, price))):
            yield levels.sign * levels.ranks[place], levels.quantities[place]


class World:
    """A market, a venue and a clock of whole nanoseconds."""

    def __init__(self, settings: SimSettings = NO_LATENCY, instrument: Instrument = PLAIN) -> None:
        self.now_ns = 1_723_161_255_000_000_000
        self.market = Market(0, instrument)
        self.venue = simulated_venue(settings, "SIM")
        self.venue.define(0, instrument, self.market)
        self.reports: list[OrderReport] = []
        self.account: list[AccountMoved | AccountTraded] = []
        self._update_id = 0

    # -- the market ------------------------------------------------------------------------------------------------

    def draw(self, table: str) -> None:
        """Show a whole book, drawn with bids left and asks right of the prices."""
        rows = [_ROW.match(line) for line in table.strip("\n").splitlines() if line.strip()]
        levels = []
        for row in rows:
            assert row is not None, table
            if row["bid"]:
                levels.append((0, int(row["price"]), int(row["bid"])))
            if row["ask"]:
                levels.append((ASK, int(row["price"]), int(row["ask"])))
        self._update_id += 1
        self._tell_book(levels, SNAPSHOT, self._update_id, self._update_id, self._update_id)

    def depth(self, *changes: tuple[str, int, int], update_id: int = 0) -> None:
        """Change levels of the book: ("bid", price, quantity)."""
        before = self.market.book.last_update_id
        last = update_id or before + 1
        levels = [(ASK if side == "ask" else 0, price, quantity) for side, price, quantity in changes]
        self._tell_book(levels, 0, before + 1, last, before)

    def quote(self, text: str, update_id: int = 0, venue_ns: int = 0) -> None:
        """Show a ticker: `5 @ 100 | 101 @ 7`; `-` for a side where nobody is."""
        bid, ask = (part.strip() for part in text.split("|"))
        bid_quantity, bid_price = (int(n) for n in bid.split(" @ ")) if bid != "-" else (0, 0)
        ask_price, ask_quantity = (int(n) for n in ask.split(" @ ")) if ask != "-" else (0, 0)
        self._next()
        market = self.market
        market.bid_price, market.bid_quantity = bid_price, bid_quantity
        market.ask_price, market.ask_quantity = ask_price, ask_quantity
        market.update_id, market.venue_ns, market.quote_ns = update_id, venue_ns, self.now_ns
        body = (bid_price, bid_quantity, ask_price, ask_quantity, update_id)
        self.venue.on_event((Kind.QUOTE, 0, 0, self.now_ns, venue_ns, *body))

    def trade(self, text: str, not_market: bool = False, venue_ns: int = 0) -> None:
        """Print a public trade: `sell 3 @ 100` is one whose aggressor sold."""
        aggressor, quantity, _, price = text.split()
        self._next()
        flags = (SELL_AGGRESSOR if aggressor == "sell" else 0) | (NOT_MARKET if not_market else 0)
        self.venue.on_event((Kind.TRADE, flags, 0, self.now_ns, venue_ns, int(price), int(quantity), 1, 0, 0))

    def wait(self, duration_ns: int) -> None:
        """Let time pass without events."""
        self.now_ns += duration_ns
        self.venue.advance(self.now_ns)

    # -- our side --------------------------------------------------------------------------------------------------

    def send(self, *texts: str) -> None:
        """Submit orders; without entry latency they reach the matching at once."""
        for text in texts:
            self.submit(order(text))

    def submit(self, intent: OrderIntent) -> None:
        command = ApprovedSubmit(intent=intent, reference_price=100, limits_version=1)
        self.venue.submit(command, self.now_ns)
        self.venue.advance(self.now_ns)

    def cancel(self, client_order_id: str) -> None:
        """Ask to cancel."""
        command = ApprovedCancel(client_order_id=client_order_id, strategy_id="test", instrument=0, venue_order_id="")
        self.venue.cancel(command, self.now_ns)
        self.venue.advance(self.now_ns)

    def replace(self, client_order_id: str, quantity: int, price: int, revision: int = 1) -> None:
        """Ask to change an order to a quantity in all and a price."""
        command = ApprovedReplace(
            client_order_id=client_order_id,
            strategy_id="test",
            instrument=0,
            venue_order_id="",
            revision=revision,
            side=Side.BUY,
            type=OrderType.LIMIT,
            price=price,
            quantity=quantity,
            filled=0,
            reference_price=100,
            limits_version=1,
        )
        self.venue.replace(command, self.now_ns)
        self.venue.advance(self.now_ns)

    def heard(self) -> list[str]:
        """Return the reports that reached us since the last call, in words."""
        new = [report for _, _, report in self.venue.poll(self.now_ns)]
        self.reports += [report for report in new if isinstance(report, OrderReport)]
        self.account += [report for report in new if not isinstance(report, OrderReport)]
        return [words_of(report) for report in new]

    def hears(self, *expected: str) -> None:
        """Compare what reached us since the last call with what should have."""
        assert list(expected) == self.heard()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _next(self) -> None:
        """Every event has its own nanosecond; requests that arrived before it meet the market before it."""
        self.now_ns += 1
        self.venue.advance(self.now_ns)

    def _tell_book(
        self, levels: Iterable[tuple[int, int, int]], flags: int, first: int, last: int, before: int
    ) -> None:
        """Apply one book message level by level, as a driver does."""
        self._next()
        numbered = list(levels)
        for number, (side, price, quantity) in enumerate(numbered):
            place = (FIRST if number == 0 else 0) | (LAST if number == len(numbered) - 1 else 0)
            event: Event = (
                Kind.BOOK, side | flags | place, 0, self.now_ns, 0, price, quantity, first, last, before
            )  # fmt: skip
            self.market.book.apply(event[1], price, quantity, last, before)
            self.venue.on_event(event)
