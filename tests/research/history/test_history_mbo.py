"""Market by order as a history of orders or of depth: the same book, and everybody's rank."""

import argparse
import json
from itertools import pairwise

import pytest

from core.book import NO_FAULT, L2Book, apply_level, apply_order
from core.instruments import AssetClass, Instrument
from core.records import ASK as ASK_FLAG
from core.records import EXECUTED, FIRST, LAST, SELL_AGGRESSOR, SNAPSHOT, Kind
from research.commands import history as command
from research.history.errors import BadInput, BadRecording
from research.history.mbo import MboSource, mbo_records
from research.history.reader import open_history
from research.history.sources import import_history
from research.l3.book import OrderBook
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


def records_of(events, told):
    return list(mbo_records(events, 1, ES, 0, told))


def test_levels_begin_with_the_whole_book_and_follow_every_event() -> None:
    records = records_of(made(), "levels")
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


def test_orders_begin_with_everybody_by_rank_and_follow_every_change() -> None:
    records = records_of(made(), "orders")
    snapshot, rest = records[:5], records[6:]
    assert [record[5:] for record in snapshot] == [
        (100, 2, 1, 1, 1),
        (100, 3, 2, 2, 2),
        (99, 4, 3, 3, 3),
        (101, 5, 4, 4, 4),
        (102, 6, 5, 5, 5),
    ]
    assert [record[1] for record in snapshot] == [
        SNAPSHOT | FIRST, SNAPSHOT, SNAPSHOT, SNAPSHOT | ASK_FLAG, SNAPSHOT | ASK_FLAG | LAST,
    ]  # fmt: skip
    assert [(record[0], record[1], *record[5:]) for record in rest] == [
        (Kind.TRADE, SELL_AGGRESSOR, 100, 1, 1, 0, 0),
        (Kind.MBO, FIRST | LAST | EXECUTED, 100, -1, 1, 6, 1),
        (Kind.MBO, FIRST | LAST, 100, 7, 6, 7, 7),
        (Kind.MBO, FIRST | LAST, 100, -7, 6, 8, 7),
        (Kind.MBO, FIRST | LAST | ASK_FLAG, 101, -5, 4, 9, 4),
    ]


def steps_of(*actions):
    """What one event does to the opening book, as (price, change, rank, executed)."""
    records = records_of([scaled(opening()), scaled(event(1, *actions))], "orders")
    changes = [record for record in records if record[0] == Kind.MBO and not record[1] & SNAPSHOT]
    return [(record[5], record[6], record[9], bool(record[1] & EXECUTED)) for record in changes]


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        # It grew, or moved: to the end of the line.
        ([("M", BID, 100, 4, 1)], [(100, -2, 1, False), (100, 4, 7, False)]),
        ([("M", BID, 99, 2, 1)], [(100, -2, 1, False), (99, 2, 7, False)]),
        # It shrank: it keeps its place.
        ([("M", BID, 100, 1, 2)], [(100, -2, 2, False)]),
        # Part of a cancel was a fill before.
        ([("F", BID, 100, 1, 1), ("C", BID, 100, 2, 1)], [(100, -1, 1, True), (100, -1, 1, False)]),
        # An iceberg's next part, displayed, and one that was traded before anybody saw it.
        (
            [("F", BID, 100, 2, 1), ("M", BID, 100, 2, 1)],
            [(100, -2, 1, True), (100, 2, 7, False)],
        ),
        (
            [("F", BID, 100, 5, 1), ("M", BID, 100, 1, 1)],
            [(100, -2, 1, True), (100, 3, 7, False), (100, -3, 7, True), (100, 1, 9, False)],
        ),
        # A fill that nothing carries out leaves the order where it stood.
        ([("F", BID, 100, 2, 1)], [(100, -2, 1, True), (100, 2, 1, False)]),
    ],
)
def test_every_action_becomes_changes_with_ranks(actions, expected) -> None:
    assert steps_of(*actions) == expected


def test_a_trade_with_nobody_displayed_served_somebody_hidden_behind_all_others() -> None:
    trade = ("T", ASK, 100, 3, 9)
    found = steps_of(trade, ("F", BID, 100, 2, 1), ("C", BID, 100, 2, 1))
    assert found == [(100, -2, 1, True), (100, 1, 7, False), (100, -1, 7, True)]
    in_an_auction = ("T", 0, 100, 3, 9)
    assert steps_of(in_an_auction) == []


@pytest.mark.parametrize("told", ["orders", "levels"])
def test_a_price_finer_than_the_instrument_is_refused(told) -> None:
    events = made()
    events.append([events[-1][0]._replace(action="A", price=101 * CENT + 1, order_id=50)])
    with pytest.raises(BadRecording, match="price_precision"):
        records_of(events, told)


def test_files_that_cannot_be_read_are_refused_by_name(tmp_path) -> None:
    with pytest.raises(BadInput, match=r"none\.dbn: expected a readable file"):
        import_history(MboSource(file=str(tmp_path / "none.dbn"), instrument=ES), tmp_path / "h")
    pytest.importorskip("databento_dbn")
    (tmp_path / "odd.dbn").write_bytes(b"no such thing, but long enough to be looked at")
    with pytest.raises(BadRecording, match=r"odd\.dbn is no DBN file"):
        import_history(MboSource(file=str(tmp_path / "odd.dbn"), instrument=ES), tmp_path / "h")
    assert not (tmp_path / "h").exists()


@pytest.mark.slow
def test_the_recorded_day_by_orders_and_by_levels_gives_the_book_that_its_orders_sum_to(recorded_dir, tmp_path):
    pytest.importorskip("databento_dbn")
    (path,) = (recorded_dir / "l3").glob("*.mbo.dbn.zst")
    orders = OrderBook()
    for each in read_events(path):
        orders.apply(each)
    for told in ("orders", "levels"):
        report = import_history(MboSource(file=str(path), instrument=ES, book=told), tmp_path / told)
        assert report.inputs > 40_000
        book = L2Book()
        with open_history(tmp_path / told) as history:
            assert history.channels == ("trades", "mbo" if told == "orders" else "book")
            for record in history.events():
                kind, flags, _, _, _, price, quantity, _, last_id, before = record
                if kind == Kind.BOOK:
                    assert isinstance(price, int)
                    assert apply_level(book, flags, price, quantity, last_id, before) == NO_FAULT
                elif kind == Kind.MBO:
                    assert isinstance(price, int)
                    assert apply_order(book, flags, price, quantity, last_id) == NO_FAULT
        assert [(price * CENT, quantity) for price, quantity in book.bid_levels(50)] == _levels(orders.bids, 50)
        assert [(price * CENT, quantity) for price, quantity in book.ask_levels(50)] == _levels(orders.asks, 50)


def test_every_rank_of_the_recorded_day_was_given_out_before_and_every_execution_is_printed(recorded_dir) -> None:
    pytest.importorskip("databento_dbn")
    (path,) = (recorded_dir / "l3").glob("*.mbo.dbn.zst")
    events = list(read_events(path))
    records = [record for record in mbo_records(events, 927, ES, 0, "orders") if record[0] != Kind.FEED]
    changes = [record for record in records if record[0] == Kind.MBO]
    assert all(later[8] == first[8] + 1 for first, later in pairwise(changes))
    assert all(
        record[9] == record[8] if record[6] > 0 else record[9] < record[8] for record in changes if record[1] < 8
    )
    printed = sum(record[6] for record in records if record[0] == Kind.TRADE)
    assert printed == -sum(record[6] for record in changes if record[1] & EXECUTED) > 9_000


def test_the_command_imports_shows_and_lists_orders(recorded_dir, tmp_path, capsys) -> None:
    pytest.importorskip("databento_dbn")
    (path,) = (recorded_dir / "l3").glob("*.mbo.dbn.zst")
    parser = argparse.ArgumentParser()
    command.add(parser)
    described = ["--instrument", "ESH4.CME", "--asset-class", "future", "--tick", "0.25"]
    words = ["import", "mbo", str(path), *described, "--out", str(tmp_path / "h" / "es"), "--json"]
    assert command.run(parser.parse_args(words)) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["instruments"], told["channels"]) == ("mbo", ["ESH4.CME"], ["trades", "mbo"])
    assert command.run(parser.parse_args(["ls", "--root", str(tmp_path / "h")])) == 0
    assert "ESH4.CME: trades, mbo" in capsys.readouterr().out
    assert command.run(parser.parse_args(["show", str(tmp_path / "h" / "es")])) == 0
    assert "channels     trades, mbo" in capsys.readouterr().out


def _levels(half, count):
    return [(half.behind(depth), half.total(half.behind(depth))) for depth in range(count)]
