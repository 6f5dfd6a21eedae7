"""Orders around the touch of real markets: the rules hold, and makers and takers both fill."""

import gzip
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.sim import SimSettings, SimVenue
from core.events import OrderReport, ReportType
from core.instruments import AssetClass, Instrument
from core.market import Market
from core.orders import ApprovedCancel, ApprovedSubmit, Liquidity, OrderIntent, OrderType, Side, TimeInForce
from core.records import ASK, FIRST, LAST, SELL_AGGRESSOR, SNAPSHOT, Event, Kind
from tests.connectors.sim.world import levels_of

LINES = 25_000
BTC = Instrument(
    symbol="BTCUSDT",
    venue="BINANCE",
    asset_class=AssetClass.CRYPTO_SPOT,
    base="BTC",
    quote="USDT",
    price_precision=2,
    size_precision=8,
    tick=1,
    lot=1_000,
    min_notional=5 * 10**18,
)


def events_of(path: Path) -> Iterator[Event]:
    """Read a recording as events: just enough of Binance's protocol for recordings without gaps."""
    held: list[Event] | None = []
    with gzip.open(path, "rb") as lines:
        for line in islice(lines, LINES):
            stamp, _, frame = line.partition(b" ")
            now_ns, message = int(stamp), msgspec.json.decode(frame)
            if "lastUpdateId" in message:
                last = message["lastUpdateId"]
                yield from levels(now_ns, SNAPSHOT, message["bids"], message["asks"], last, last, last)
                yield from held or []
                held = None
                continue
            stream, data = message["stream"], message["data"]
            if "@bookTicker" in stream:
                yield quote(now_ns, data)
            elif "@trade" in stream:
                flags = SELL_AGGRESSOR if data["m"] else 0
                price, quantity = BTC.price(data["p"]), BTC.quantity(data["q"])
                venue_ns = data["T"] * 1_000_000
                yield Kind.TRADE, flags, 0, now_ns, venue_ns, price, quantity, data["t"], 0, 0
            else:
                previous = data.get("pu", data["U"] - 1)
                delta = levels(now_ns, 0, data["b"], data["a"], data["U"], data["u"], previous)
                if held is None:
                    yield from delta
                else:
                    held.extend(delta)


def quote(now_ns: int, data: dict[str, Any]) -> Event:
    bid, ask = BTC.price(data["b"]), BTC.price(data["a"])
    sizes = BTC.quantity(data["B"]), BTC.quantity(data["A"])
    return Kind.QUOTE, 0, 0, now_ns, data.get("T", 0) * 1_000_000, bid, sizes[0], ask, sizes[1], data["u"]


def levels(
    now_ns: int, flags: int, bids: list[list[str]], asks: list[list[str]], first: int, last: int, previous: int
) -> Iterator[Event]:
    both = [(0, level) for level in bids] + [(ASK, level) for level in asks]
    for number, (side, (price, quantity)) in enumerate(both):
        place = side | flags | (FIRST if number == 0 else 0) | (LAST if number == len(both) - 1 else 0)
        where = BTC.price(price), BTC.quantity(quantity)
        yield Kind.BOOK, place, 0, now_ns, 0, *where, first, last, previous


class Trader:
    """Sends an order of each kind in turn around the touch and cancels what rests for long."""

    def __init__(self) -> None:
        self.market = Market(0, BTC)
        self.venue = SimVenue(SimSettings(), "BINANCE")
        self.venue.define(0, BTC, self.market)
        self.intents: dict[str, OrderIntent] = {}
        self.filled: Counter[str] = Counter()
        self.ended: dict[str, ReportType] = {}
        self.reports: list[OrderReport] = []
        self.quotes = 0

    def see(self, event: Event) -> None:
        """Drive the venue as a driver does: arrivals, market, matching, reports."""
        now_ns = event[3]
        self.venue.advance(now_ns)
        self.apply(event)
        self.venue.on_event(event)
        for due_ns, _, report in self.venue.poll(now_ns):
            assert due_ns <= now_ns
            assert isinstance(report, OrderReport)
            self.book(report)
        if event[0] == Kind.QUOTE and self.market.book.last_update_id:
            self.quotes += 1
            if self.quotes % 40 == 0:
                self.send(now_ns, self.quotes // 40)

    def apply(self, event: Event) -> None:
        market = self.market
        kind, flags, _, now_ns, venue_ns, price, *rest = event
        assert isinstance(price, int)
        if kind == Kind.QUOTE:
            market.bid_price = price
            market.bid_quantity, market.ask_price, market.ask_quantity, market.update_id = rest
            market.quote_ns, market.venue_ns = now_ns, venue_ns
        elif kind == Kind.BOOK:
            assert market.book.apply(flags, price, rest[0], rest[2], rest[3]) is None

    def send(self, now_ns: int, number: int) -> None:
        side = Side.BUY if number % 2 else Side.SELL
        bid, ask = self.market.bid_price, self.market.ask_price
        own, opposite = (bid, ask) if side is Side.BUY else (ask, bid)
        kind = number // 2 % 6
        price = (own, opposite, own - 500 * side, opposite + 300 * side, own, 0)[kind]
        intent = OrderIntent(
            client_order_id=f"A{number}",
            strategy_id="test",
            instrument=0,
            side=side,
            type=OrderType.LIMIT if price else OrderType.MARKET,
            quantity=(1_000_000, 2_000_000, 5_000_000, 900_000_000, 100_000_000, 50_000_000)[kind],
            price=price,
            time_in_force=(*[TimeInForce.GTC] * 3, TimeInForce.IOC, TimeInForce.GTC, TimeInForce.FOK)[kind],
            post_only=kind in {0, 4},
        )
        self.intents[intent.client_order_id] = intent
        self.venue.submit(ApprovedSubmit(intent=intent, reference_price=own, limits_version=1), now_ns)
        if number > 20:
            self.cancel(now_ns, f"A{number - 20}")

    def cancel(self, now_ns: int, name: str) -> None:
        command = ApprovedCancel(client_order_id=name, strategy_id="test", instrument=0, venue_order_id="")
        self.venue.cancel(command, now_ns)

    def book(self, report: OrderReport) -> None:
        """Hold every report to the rules of its order."""
        self.reports.append(report)
        name = report.client_order_id
        if report.type is ReportType.CANCEL_REJECTED:
            assert name in self.ended
            return
        assert name not in self.ended
        intent = self.intents[name]
        if report.type is ReportType.FILLED:
            self.filled[name] += report.quantity
            assert self.filled[name] <= intent.quantity
            if report.liquidity is Liquidity.MAKER:
                assert report.price == intent.price
            elif intent.price:
                assert (intent.price - report.price) * intent.side >= 0
            if self.filled[name] == intent.quantity:
                self.ended[name] = report.type
        elif report.type is not ReportType.ACCEPTED:
            self.ended[name] = report.type

    def finish(self, now_ns: int) -> None:
        """Cancel everything and wait for the answers."""
        for name in self.intents:
            self.cancel(now_ns, name)
        later_ns = now_ns + 1_000_000_000
        self.venue.advance(later_ns)
        for _, _, report in self.venue.poll(later_ns):
            assert isinstance(report, OrderReport)
            self.book(report)
        assert self.venue.next_due_ns() == 0
        assert set(self.ended) == set(self.intents)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["spot-btcusdt_20240808", "usdm-btcusdt_20240808"])
def test_orders_around_a_real_touch_keep_every_rule(recorded_dir: Path, name: str) -> None:
    path = recorded_dir / "binance" / f"{name}.gz"
    if not path.is_file():
        pytest.skip(f"no recording {path.name} in {recorded_dir}")
    traders = [Trader(), Trader()]
    now_ns = 0
    for event in events_of(path):
        now_ns = event[3]
        for trader in traders:
            trader.see(event)
    one, two = traders
    one.finish(now_ns)
    two.finish(now_ns)
    assert one.reports == two.reports
    liquidity = Counter(report.liquidity for report in one.reports if report.liquidity is not None)
    assert liquidity[Liquidity.MAKER] > 20
    assert liquidity[Liquidity.TAKER] > 20
    post_only = {name for name, intent in one.intents.items() if intent.post_only}
    takers = {report.client_order_id for report in one.reports if report.liquidity is Liquidity.TAKER}
    assert not post_only & takers
    for order, intent in one.intents.items():
        if intent.time_in_force is TimeInForce.FOK:
            assert one.filled[order] in {0, intent.quantity}
    # Both views end where the market ends: the deeper levels lie strictly behind the quote's touch.
    for side, touch in ((Side.BUY, one.market.bid_price), (Side.SELL, one.market.ask_price)):
        prices = [price for price, _ in levels_of(one.market, side)]
        assert prices[0] == touch
        assert prices == sorted(set(prices), reverse=side is Side.BUY)
        assert len(prices) > 100
