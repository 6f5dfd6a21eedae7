"""A venue's bad day: what cannot be read is counted and kept raw, the book finds back to the truth, trading goes on.

The synthetic market goes on by itself while the embedded venue is told to misbehave towards its clients.
"""

import base64
import contextlib
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from journal.verify import verify
from tests.acceptance import exports, proof
from tests.acceptance.processes import Daemon, Json, Venue, tickerd, until, wait_all_read
from tests.acceptance.settings import strategy_tables, venue_table, write_settings

INSTRUMENT = "BTCUSDT.BINANCE"
TRADE, QUOTE, DEPTH = "btcusdt@trade", "btcusdt@bookTicker", "btcusdt@depth@100ms"
KEPT_BYTES = 65_536

GOOD_TRADE = {"e": "trade", "E": 1, "s": "BTCUSDT", "t": 9_000_000_000, "p": "61000.00", "q": "0.5", "T": 1, "m": True}
GOOD_QUOTE = {"u": 9_000_000_000, "s": "BTCUSDT", "b": "60000.00", "B": "1.0", "a": "60001.00", "A": "1.0"}
GOOD_DEPTH = {"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": 1, "u": 2, "b": [["60000.00", "1.0"]], "a": []}


def frame(stream: str, data: object, **changes: object) -> str:
    """A combined-stream frame as compact as the venue's own; `changes` spoil the data, None takes a field out."""
    if isinstance(data, dict):
        data = {name: value for name, value in {**data, **changes}.items() if value is not None}
    return json.dumps({"stream": stream, "data": data}, separators=(",", ":"))


HOSTILE = {
    "cut JSON": frame(TRADE, GOOD_TRADE)[:-20],
    "cut within a text": frame(QUOTE, GOOD_QUOTE)[:45],
    "HTML": "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
    "plain words": "upstream connect error or disconnect/reset before headers",
    "a bare NaN": '{"stream":"btcusdt@trade","data":NaN}',
    "null": "null",
    "a number": "42",
    "a list": "[]",
    "nothing in an object": "{}",
    "no data": '{"stream":"btcusdt@trade"}',
    "data that is null": frame(TRADE, None),
    "data that is a list": frame(TRADE, [1, 2]),
    "nested without end": '{"stream":"btcusdt@trade","data":' + "[" * 60_000,
    "an unknown symbol's stream": frame("dogeusdt@trade", GOOD_TRADE, s="DOGEUSDT"),
    "another symbol's data": frame(TRADE, GOOD_TRADE, s="ETHUSDT"),
    "an unknown channel": frame("btcusdt@forecast", {"p": "1"}),
    "an error of the venue": '{"error":{"code":3,"msg":"Invalid JSON: expected value"},"id":null}',
    "price as a number": frame(TRADE, GOOD_TRADE, p=61000.5),
    "price NaN": frame(TRADE, GOOD_TRADE, p="NaN"),
    "price infinite": frame(TRADE, GOOD_TRADE, p="Infinity"),
    "price negative": frame(TRADE, GOOD_TRADE, p="-61000.00"),
    "price zero": frame(TRADE, GOOD_TRADE, p="0.00"),
    "price empty": frame(TRADE, GOOD_TRADE, p=""),
    "price with an exponent": frame(TRADE, GOOD_TRADE, p="6.1e4"),
    "price beyond 64 bits": frame(TRADE, GOOD_TRADE, p="9" * 30),
    "price of endless digits": frame(TRADE, GOOD_TRADE, p="6" * 5_000),
    "price finer than can be held": frame(TRADE, GOOD_TRADE, p="61000.123456789"),
    "price in other digits": frame(TRADE, GOOD_TRADE, p="\u0666\u0661000.00"),
    "price with a space": frame(TRADE, GOOD_TRADE, p=" 61000.00"),
    "quantity zero": frame(TRADE, GOOD_TRADE, q="0"),
    "quantity negative": frame(TRADE, GOOD_TRADE, q="-1"),
    "trade id as text": frame(TRADE, GOOD_TRADE, t="9000000000"),
    "trade id beyond 64 bits": frame(TRADE, GOOD_TRADE, t=1 << 63),
    "trade id negative": frame(TRADE, GOOD_TRADE, t=-1),
    "trade time beyond 64 bits": frame(TRADE, GOOD_TRADE, T=1 << 60),
    "maker flag as a number": frame(TRADE, GOOD_TRADE, m=1),
    "a trade without its price": frame(TRADE, GOOD_TRADE, p=None),
    "bid zero": frame(QUOTE, GOOD_QUOTE, b="0.00000000"),
    "ask NaN": frame(QUOTE, GOOD_QUOTE, a="nan"),
    "bid quantity negative": frame(QUOTE, GOOD_QUOTE, B="-0.1"),
    "quote without its ask": frame(QUOTE, GOOD_QUOTE, a=None),
    "quote id as a fraction": frame(QUOTE, GOOD_QUOTE, u=1.5),
    "level negative": frame(DEPTH, GOOD_DEPTH, b=[["60000.00", "-1.0"]]),
    "level at price zero": frame(DEPTH, GOOD_DEPTH, b=[["0.00", "1.0"]]),
    "level of three": frame(DEPTH, GOOD_DEPTH, b=[["60000.00", "1.0", "x"]]),
    "level of one": frame(DEPTH, GOOD_DEPTH, b=[["60000.00"]]),
    "level as numbers": frame(DEPTH, GOOD_DEPTH, a=[[60000, 1]]),
    "levels that are text": frame(DEPTH, GOOD_DEPTH, b="none"),
    "update ids backwards": frame(DEPTH, GOOD_DEPTH, U=10, u=5),
    "update without ids": frame(DEPTH, GOOD_DEPTH, U=None),
    "a megabyte of nothing": "x" * 1_000_000,
}


class Live(NamedTuple):
    """A daemon that is READY, and the venue that it follows."""

    venue: Venue
    daemon: Daemon
    session: Path

    def wait_in_sync(self) -> Json:
        """Wait until it is READY with a live book and nothing stale."""
        return self.daemon.wait_status(
            lambda status: (
                status["state"] == "READY"
                and all(feed["book"] == "live" and feed["connected"] and not feed["stale"] for feed in status["feeds"])
            ),
            "READY, in sync and fresh",
        )

    def end(self) -> Json:
        """Drain; then the book must be the venue's, and the session must replay. Returns the summary."""
        self.wait_in_sync()
        depth = next_depth(self.venue, "/api/v3/depth?symbol=BTCUSDT&limit=5000")
        marks = self.venue.state()["connections"]
        wait_all_read(self.venue, self.daemon, marks)
        summary = self.daemon.stop()
        assert_book(self.session, depth)
        result = proof.verify(self.session)
        assert result["events"] == summary["inputs"]
        assert verify(self.session).ok
        return summary


@contextlib.contextmanager
def live(folder: Path, extra: str = "") -> Iterator[Live]:
    with Venue(folder, "--synthetic", "--seed", "5") as venue:
        settings = write_settings(folder, venue_table(venue, "BTCUSDT", extra=extra), strategy_tables(INSTRUMENT))
        with Daemon(settings) as daemon:
            following = Live(venue, daemon, daemon.session)
            following.wait_in_sync()
            yield following


def next_depth(venue: Venue, path: str) -> Json:
    """The venue's book after its next update: the last one may have come before the book was in sync again."""
    last = venue.get(path)["lastUpdateId"]
    answers: list[Json] = []

    def is_later() -> bool:
        answers.append(venue.get(path))
        return bool(answers[-1]["lastUpdateId"] > last)

    until(is_later, f"an update after {last}")
    return answers[-1]


def assert_book(session: Path, depth: Json) -> None:
    """The book after the update that the venue's answer ends with is the venue's answer."""
    last = depth["lastUpdateId"]
    rows = [row for row in exports.export(session, "book") if row["last_update_id"] == last]
    assert rows, f"no update ends at {last}"
    done = tickerd("journal", "book", session, "--at", str(rows[-1]["seq"]), "--json")
    assert done.returncode == 0, done.stderr
    book = json.loads(done.stdout)
    assert book["state"] == "LIVE"
    assert book["last_update_id"] == last
    for side in ("bids", "asks"):
        ours = [(Decimal(price), Decimal(quantity)) for price, quantity in book[side]]
        theirs = [(Decimal(price), Decimal(quantity)) for price, quantity in depth[side]]
        assert ours == theirs, side


def raw_frames(session: Path) -> list[tuple[bytes, int]]:
    """Every frame kept raw, in order, with its full length."""
    rows = exports.export(session, "raw")
    assert all(row["reason"] for row in rows), "each says why"
    return [(base64.b64decode(row["data_base64"]), row["total_bytes"]) for row in rows]


def test_what_cannot_be_read_is_counted_kept_raw_and_stops_nothing(tmp_path):
    with live(tmp_path) as following:
        for text in HOSTILE.values():
            following.venue.fault("inject", text=text, stream=TRADE)
        following.daemon.wait_status(
            lambda status: sum(status["malformed"].values()) >= len(HOSTILE), "every hostile frame counted"
        )
        before = following.wait_in_sync()["inputs"]
        following.daemon.wait_status(lambda status: status["inputs"] > before, "the market going on")
        summary = following.end()
        kept = raw_frames(following.session)
    sent = [text.encode() for text in HOSTILE.values()]
    assert [data for data, _ in kept[: len(sent)]] == [text[:KEPT_BYTES] for text in sent]
    assert [total for _, total in kept[: len(sent)]] == [len(text) for text in sent]
    assert sum(summary["malformed"].values()) == len(kept), "what is counted is what is kept"
    assert following.daemon.last_status()["reconnects"] == 0


@pytest.mark.slow
def test_a_frame_of_ten_megabytes_is_kept_in_part_and_one_beyond_the_limit_costs_the_connection_alone(tmp_path):
    with live(tmp_path) as following:
        following.venue.fault("inject", text="0123456789", repeat=1_000_000, stream=TRADE)
        following.daemon.wait_status(lambda status: sum(status["malformed"].values()) == 1, "the frame counted")
        assert following.wait_in_sync()["reconnects"] == 0
        following.venue.fault("inject", text="0123456789", repeat=2_000_000, stream=TRADE)
        following.daemon.wait_status(lambda status: status["reconnects"] == 1, "a new connection")
        following.end()
        (ten, ten_total), (twenty, twenty_total), *_ = raw_frames(following.session)
    assert (ten, ten_total) == ((b"0123456789" * 6_554)[:KEPT_BYTES], 10_000_000)
    assert twenty_total == 20_000_000
    assert twenty
    assert (b"0123456789" * 6_554).startswith(twenty)


@pytest.mark.slow
def test_lost_repeated_and_cut_frames_are_told_and_the_book_finds_back(tmp_path):
    with live(tmp_path) as following:
        for fault in ("drop", "duplicate", "corrupt"):
            for stream in (TRADE, QUOTE, DEPTH):
                following.venue.fault(fault, stream=stream, count=2)
            after = following.venue.state()["frames_passed"] + 100
            following.venue.wait_passed(after)
            following.wait_in_sync()
        old = frame(DEPTH, GOOD_DEPTH), frame(TRADE, GOOD_TRADE, t=1), frame(QUOTE, GOOD_QUOTE, u=1)
        for text in old:
            following.venue.fault("inject", text=text, stream=TRADE)
        following.end()
        feeds = exports.export(following.session, "feeds")
        kept = {data for data, _ in raw_frames(following.session)}
        reasons = [row["reason"] for row in exports.export(following.session, "raw")]
        trades = [row["trade_id"] for row in exports.export(following.session, "trades")]
        quotes = [row["update_id"] for row in exports.export(following.session, "quotes")]
    lost = {row["channel"] for row in feeds if row["state"] == "out-of-sync" and "gap" in row["reason"]}
    assert lost == {"trades", "book"}, "quotes carry no chain: each replaces the last"
    assert any(row["state"] == "out-of-sync" and "could not be read" in row["reason"] for row in feeds)
    for channel in ("trades", "quotes", "book"):
        assert sum(reason.startswith(f"malformed {channel}") for reason in reasons) == 2
    for name in ("trade", "bookTicker", "depthUpdate"):
        assert sum(reason.startswith(f"duplicate {name}") for reason in reasons) == 3, "two, and the old one"
    assert kept >= {text.encode() for text in old}
    assert trades == sorted(set(trades)), "nothing twice, nothing out of order"
    assert quotes == sorted(quotes)


@pytest.mark.slow
def test_cut_connections_and_a_failing_depth_request_end_in_sync_again(tmp_path):
    with live(tmp_path) as following:
        venue, daemon = following.venue, following.daemon
        venue.fault("http", path="depth", status=500)
        venue.fault("http", path="depth", status=502, body="<html>Bad Gateway</html>", content_type="text/html")
        venue.fault("http", path="depth", status=200, body='{"lastUpdateId":1,"bids":[["NaN","1"]],"asks":[]}')
        venue.fault("http", path="depth", status=200, body="<html>captive portal</html>", content_type="text/html")
        venue.fault("cut")
        status = daemon.wait_status(lambda status: status["reconnects"] == 1, "a first reconnect")
        assert status["state"] == "READY"
        following.wait_in_sync()
        venue.fault("cut", code=1001)
        daemon.wait_status(lambda status: status["reconnects"] == 2, "a second reconnect")
        following.end()
        feeds = exports.export(following.session, "feeds")
        kept = {data for data, _ in raw_frames(following.session)}
        log = following.daemon.stderr
    assert all(words in log for words in ("connection lost and made again", "frames kept raw")), "the log tells"
    assert [row["state"] for row in feeds if not row["channel"]] == ["connected", "disconnected"] * 2 + ["connected"]
    assert {b"<html>Bad Gateway</html>", b"<html>captive portal</html>"} <= kept


@pytest.mark.slow
def test_a_silent_stream_on_a_healthy_connection_is_stale_until_it_speaks_again(tmp_path):
    with live(tmp_path, extra="quotes_stale_s = 0.5\nbook_stale_s = 0.5") as following:
        following.venue.fault("stall", stream=QUOTE, seconds=1.5)
        stale = following.daemon.wait_status(lambda status: bool(status["feeds"][0]["stale"]), "stale quotes")
        assert stale["feeds"][0]["stale"] == ["quotes"]
        assert stale["state"] == "READY"
        following.wait_in_sync()
        following.end()
        states = [row["state"] for row in exports.export(following.session, "feeds") if row["channel"] == "quotes"]
    assert states[:3] == ["fresh", "stale", "fresh"]


@pytest.mark.slow
@pytest.mark.parametrize("connector", ["binance-usdm"])
def test_a_lost_update_of_a_futures_book_is_found_by_its_chain(tmp_path, connector):
    with Venue(tmp_path, "--synthetic", "--seed", "6", "--market", "usdm") as venue:
        settings = write_settings(tmp_path, venue_table(venue, "BTCUSDT", connector=connector))
        with Daemon(settings) as daemon:
            session = daemon.session
            daemon.wait_ready()
            depth = next(name for name in venue.state()["streams"] if "btcusdt@depth" in name).split()[1]
            venue.fault("drop", stream=depth, count=1)
            daemon.wait_status(lambda status: status["feeds"][0]["book"] == "invalid", "the gap found")
            daemon.wait_status(lambda status: status["feeds"][0]["book"] == "live", "a new book")
            answer = next_depth(venue, "/fapi/v1/depth?symbol=BTCUSDT&limit=1000")
            wait_all_read(venue, daemon)
            daemon.stop()
    assert_book(session, answer)
    proof.verify(session)
