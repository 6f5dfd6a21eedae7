"""Market by order as a history of depth and trades: the same book, level by level."""

import pytest

from core.book import L2Book, apply_level
from core.instruments import AssetClass, Instrument
from core.records import SELL_AGGRESSOR, Kind
from research.history.reader import open_history
from research.l3.book import OrderBook
from research.l3.errors import RecordingUnreadable
from research.l3.history import depth_records, write_depth
from research.l3.records import read_events
from tests.research.l3.line import ASK, BID, event, opening

ES = Instrument(
    symbol="ESH4",
    venue="CME",
    asset_class=AssetClass.FUTURE,
    base="ES",
    quote="USD",
    price_precision=2,
    size_precision=0,
    tick=25,
    lot=1,
    multiplier=50,
)
CENT = 10_000_000  # in DBN's 1e-9


def scaled(each):
    return [change._replace(price=change.price * CENT) for change in each]


def made():
    return [
        scaled(opening()),
        scaled(event(1, ("T", ASK, 100, 1, 9), ("F", BID, 100, 1, 1), ("M", BID, 100, 1, 1))),
        scaled(event(2, ("A", BID, 100, 7, 6))),
        scaled(event(3, ("C", BID, 100, 7, 6))),
        scaled(event(4, ("C", ASK, 101, 5, 4))),
    ]


def test_the_history_begins_with_the_whole_book_and_follows_every_event() -> None:
    records = list(depth_records(made(), ES, 0))
    snapshot, rest = records[:4], records[5:]
    assert sorted(record[5:7] for record in snapshot) == [(99, 4), (100, 5), (101, 5), (102, 6)]
    assert records[4][0] == Kind.FEED
    assert [(record[0], record[5], record[6]) for record in rest] == [
        (Kind.TRADE, 100, 1),
        (Kind.BOOK, 100, 4),
        (Kind.BOOK, 100, 11),
        (Kind.BOOK, 100, 4),
        (Kind.BOOK, 101, 0),
    ]
    assert rest[0][1] == SELL_AGGRESSOR
    assert all(record[9] == record[8] - 1 for record in rest if record[0] == Kind.BOOK)


def test_a_price_finer_than_the_instrument_is_refused() -> None:
    events = made()
    events.append([events[-1][0]._replace(action="A", price=101 * CENT + 1, order_id=50)])
    with pytest.raises(RecordingUnreadable, match="price_precision"):
        list(depth_records(events, ES, 0))


def test_the_recorded_day_as_a_history_gives_the_book_that_its_orders_sum_to(recorded_dir, tmp_path) -> None:
    pytest.importorskip("databento_dbn")
    (path,) = (recorded_dir / "l3").glob("*.mbo.dbn.zst")
    report = write_depth(path, tmp_path / "es", ES)
    assert report.inputs > 40_000
    orders = OrderBook()
    for each in read_events(path):
        orders.apply(each)
    book = L2Book()
    with open_history(tmp_path / "es") as history:
        for record in history.events():
            if record[0] == Kind.BOOK:
                _, flags, _, _, _, price, quantity, _, last_id, before = record
                assert isinstance(price, int)
                assert not apply_level(book, flags, price, quantity, last_id, before)
    assert [(price * CENT, quantity) for price, quantity in book.bid_levels(50)] == _levels(orders.bids, 50)
    assert [(price * CENT, quantity) for price, quantity in book.ask_levels(50)] == _levels(orders.asks, 50)


def _levels(half, count):
    return [(half.behind(depth), half.total(half.behind(depth))) for depth in range(count)]
