"""What the session makes of repeats, gaps, silence, notices and the life of its connection."""

import itertools
from typing import Any

import pytest

from connectors.binance.settings import Market
from connectors.binance.streams import VenueLink
from connectors.stream.actions import Reconnect, Rotate, SendPing
from core.events import RawReceived
from core.records import NO_INSTRUMENT, Kind
from tests.connectors.binance.support import (
    SECOND,
    depth,
    kinds,
    make_session,
    quote,
    receive,
    snapshot,
    states,
    trade,
)

HOUR = 3600 * SECOND


def actions(session, kind) -> list[Any]:
    return [action for action in session.take_actions() if isinstance(action, kind)]


def test_the_first_frame_of_a_stream_makes_it_fresh():
    session = make_session()
    assert states(session.receive([quote(1), quote(2)], SECOND), "quotes") == ["fresh"]


def test_a_repeated_quote_is_kept_raw_and_a_later_one_goes_on():
    session = make_session()
    assert kinds(receive(session, quote(7))) == ["QUOTE"]
    (event,) = receive(session, quote(7))
    assert event[5] == RawReceived(
        venue="BINANCE", reason="duplicate bookTicker 7", data=quote(7), total_bytes=len(quote(7))
    )
    assert kinds(receive(session, quote(6))) == ["RAW"]
    assert kinds(receive(session, quote(9))) == ["QUOTE"]
    assert session.counters.duplicates == 2


def test_the_same_update_id_with_other_numbers_is_a_change_not_a_repeat():
    session = make_session()
    receive(session, quote(7))
    assert kinds(receive(session, quote(7, B="9"))) == ["QUOTE"]


def test_quotes_start_at_any_id_on_a_new_connection():
    session = make_session()
    receive(session, quote(1_000))
    session.on_close(SECOND, "cut")
    session.on_open(SECOND)
    assert kinds(receive(session, quote(5))) == ["QUOTE"]


def test_a_repeated_trade_is_kept_raw():
    session = make_session()
    receive(session, trade(7))
    assert kinds(receive(session, trade(7))) == ["RAW"]
    assert kinds(receive(session, trade(6))) == ["RAW"]
    assert kinds(receive(session, trade(8))) == ["TRADE"]


def test_missing_trades_are_told_with_their_ids_also_over_a_reconnect():
    session = make_session()
    receive(session, trade(7))
    session.on_close(SECOND, "cut")
    session.on_open(SECOND)
    events = receive(session, trade(12))
    assert kinds(events) == ["FEED", "TRADE"]
    assert states(events, "trades") == ["out-of-sync"]
    assert events[0][5].reason == "trades gap 8..11"  # type: ignore[attr-defined]
    assert session.counters.gaps == 1


def test_a_venue_that_counts_its_trades_anew_is_followed_with_an_alarm():
    session = make_session()
    receive(session, trade(1_000_000, T=1_000))
    events = receive(session, trade(1, T=5_000))
    assert kinds(events) == ["FEED", "TRADE"]
    assert "went back" in events[0][5].reason  # type: ignore[attr-defined]
    assert kinds(receive(session, trade(2, T=5_000))) == ["TRADE"]


@pytest.mark.parametrize(("channel", "bound_s"), [("quotes", 5), ("book", 5), ("trades", 60)])
def test_a_silent_stream_is_stale_after_its_bound_and_fresh_with_its_next_frame(channel, bound_s):
    session = make_session()
    frames = {"quotes": (quote(1), quote(2)), "trades": (trade(1), trade(2)), "book": (depth(1, 1), depth(2, 2))}
    first, second = frames[channel]
    session.receive([first], 2 * SECOND)
    assert states(session.on_time((2 + bound_s) * SECOND), channel) == []
    assert states(session.on_time((3 + bound_s) * SECOND), channel) == ["stale"]
    assert states(session.on_time((4 + bound_s) * SECOND), channel) == []
    assert states(session.receive([second], (5 + bound_s) * SECOND), channel) == ["fresh"]


def test_a_stream_that_never_came_is_stale_too():
    session = make_session()
    assert states(session.on_time(10 * SECOND), "quotes") == ["stale"]


def test_a_slow_stream_is_given_twenty_times_its_mean_interval():
    session = make_session(channels=("quotes",))
    for number in range(1, 6):
        session.receive([quote(number)], SECOND + number * 3 * SECOND)
    last = SECOND + 15 * SECOND
    assert states(session.on_time(last + 59 * SECOND), "quotes") == []
    assert states(session.on_time(last + 61 * SECOND), "quotes") == ["stale"]


def test_a_repeated_frame_does_not_make_a_stream_look_alive():
    session = make_session(channels=("quotes",))
    session.receive([quote(1)], 2 * SECOND)
    session.receive([quote(1)], 7 * SECOND)
    assert states(session.on_time(8 * SECOND), "quotes") == ["stale"]


def test_a_stream_silent_on_a_live_connection_gets_another_connection_ever_less_often():
    session = make_session(channels=("quotes",))
    rotations = []
    for second in range(2, 1_000):
        session.last_bytes_ns = second * SECOND
        session.on_time(second * SECOND)
        if actions(session, Rotate):
            rotations.append(second)
            session.on_joining_open(second * SECOND)
            session.on_switched(second * SECOND)
    gaps = [later - earlier for earlier, later in itertools.pairwise(rotations)]
    assert 3 <= len(rotations) <= 8
    assert gaps == sorted(gaps)


def test_a_quiet_tape_is_no_reason_for_another_connection():
    session = make_session(channels=("trades",))
    session.last_bytes_ns = 500 * SECOND
    session.on_time(500 * SECOND)
    assert actions(session, Rotate) == []


def test_a_clock_set_back_does_not_hide_silence():
    session = make_session(channels=("quotes",))
    session.receive([quote(1)], 1_000 * SECOND)
    session.on_time(10 * SECOND)
    assert states(session.on_time(16 * SECOND), "quotes") == ["stale"]


def test_a_silent_connection_is_pinged_then_given_up():
    session = make_session()
    session.on_time(10 * SECOND)
    assert actions(session, SendPing) == []
    session.on_time(11 * SECOND)
    assert len(actions(session, SendPing)) == 1
    session.on_time(20 * SECOND)
    assert actions(session, SendPing) == []
    session.on_time(22 * SECOND)
    (action,) = actions(session, Reconnect)
    assert "ping unanswered" in action.reason


def test_a_pong_is_a_sign_of_life():
    session = make_session()
    session.on_time(11 * SECOND)
    session.last_bytes_ns = 12 * SECOND  # the transport read the pong
    session.on_time(21 * SECOND)
    assert actions(session, Reconnect) == []


def test_a_connection_is_replaced_before_the_venue_cuts_it():
    session = make_session(channels=("trades",))
    session.last_bytes_ns = 23 * HOUR
    session.on_time(23 * HOUR)
    assert actions(session, Rotate) == []
    session.on_time(23 * HOUR + 2 * SECOND)
    assert len(actions(session, Rotate)) == 1
    session.on_time(23 * HOUR + 3 * SECOND)
    assert actions(session, Rotate) == []


@pytest.mark.parametrize(
    "frame",
    [
        b'{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}',
        b'{"e":"serverShutdown","E":1770123456789}',
    ],
    ids=["combined", "raw"],
)
def test_a_shutdown_notice_leads_to_another_connection_at_once(frame):
    session = make_session()
    assert session.receive([frame], SECOND) == []
    assert len(actions(session, Rotate)) == 1
    session.on_joining_lost(2 * SECOND)
    session.on_time(3 * SECOND)
    assert actions(session, Rotate) == []
    session.on_time(20 * SECOND)
    assert len(actions(session, Rotate)) == 1


def test_a_venue_is_connected_when_all_of_its_lines_are():
    link = VenueLink("BINANCE", 2)
    assert link.opened(1) == []
    assert states(link.opened(2), "") == ["connected"]
    assert states(link.closed(3, "cut"), "") == ["disconnected"]
    assert link.closed(4, "cut") == []
    assert link.opened(5) == []
    assert states(link.opened(6), "") == ["connected"]


def test_closing_tells_the_venue_and_every_stream():
    session = make_session()
    session.receive([quote(1), trade(1), depth(1, 1)], SECOND)
    session.on_snapshot(0, snapshot(1), SECOND)
    events = session.on_close(2 * SECOND, "cut")
    assert states(events, "") == ["disconnected"]
    assert states(events, "quotes") == states(events, "trades") == ["stale"]
    assert states(events, "book") == ["out-of-sync", "stale"]
    assert session.on_close(3 * SECOND, "cut") == []
    assert session.on_time(100 * SECOND) == []
    assert session.on_snapshot(0, snapshot(2), 3 * SECOND) == []


def test_a_reply_to_a_request_is_understood_and_counted():
    session = make_session()
    assert session.receive([b'{"result":null,"id":1}'], SECOND) == []
    assert session.counters.ignored == 1


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (b'{"code":2,"msg":"Invalid request","id":1}', "error from the venue"),
        (b'{"error":{"code":2,"msg":"Invalid request"},"id":1}', "error from the venue"),
        (b'{"stream":"dogeusdt@trade","data":{"e":"trade","s":"DOGEUSDT"}}', "unknown stream"),
        (b'{"e":"trade","s":"BTCUSDT","t":1}', "not a combined-stream frame"),
        (b"<html><body>502 Bad Gateway</body></html>", "malformed frame"),
        (b'{"stream":"btcusdt@trade","data":{"e":"tra', "malformed trades"),
        (b"", "malformed frame"),
        (b"null", "malformed frame"),
        (b"[" * 100_000, "malformed frame"),
        (b'{"stream":"btcusdt@trade","data":' + b"[" * 100_000, "malformed trades"),
        (b"\xff\xfe\x00", "malformed frame"),
    ],
)
def test_a_frame_that_is_no_event_is_kept_raw_with_a_reason(frame, why):
    session = make_session()
    (event,) = session.receive([frame], SECOND)
    assert event[0] == Kind.RAW
    assert event[5].data == frame[:65_536]  # type: ignore[attr-defined]
    assert event[5].total_bytes == len(frame)  # type: ignore[attr-defined]
    assert session.counters.raw == {why: 1}


def test_a_frame_of_ten_megabytes_is_kept_in_part():
    session = make_session()
    frame = b'{"stream":"btcusdt@trade","data":{"p":"' + b"9" * 10_000_000 + b'"}}'
    (event,) = session.receive([frame], SECOND)
    assert len(event[5].data) == 65_536  # type: ignore[attr-defined]
    assert event[5].total_bytes == len(frame)  # type: ignore[attr-defined]


def test_a_frame_too_large_to_take_is_told_by_the_transport():
    session = make_session()
    (event,) = session.on_oversized(b"x" * 10, 20_000_000, SECOND)
    assert (event[0], event[2]) == (Kind.RAW, NO_INSTRUMENT)
    assert event[5].total_bytes == 20_000_000  # type: ignore[attr-defined]


def test_streams_of_several_symbols_keep_apart():
    session = make_session(Market.SPOT, ("BTCUSDT", "ETHUSDT"))
    first = receive(session, trade(1, symbol="ETHUSDT"))
    second = receive(session, trade(1, symbol="BTCUSDT"))
    assert [event[2] for event in first + second] == [1, 0]
    wrong = trade(2, symbol="ETHUSDT").replace(b'"stream":"eth', b'"stream":"btc')
    assert kinds(receive(session, wrong)) == ["RAW"]


def test_symbols_of_very_different_length_are_found():
    symbols = ("AUSDT", "1000000000000LONGNAMEUSDT")
    session = make_session(Market.SPOT, symbols)
    for index, symbol in enumerate(symbols):
        for frame in (trade(1, symbol=symbol), quote(1, symbol=symbol), depth(1, 1, symbol=symbol)):
            (event,) = receive(session, frame)
            assert event[2] == index


def test_topics_tell_their_age_and_count():
    session = make_session()
    session.receive([quote(1), quote(2)], 3 * SECOND)
    quotes, trades, _ = session.topic_stats(5 * SECOND)
    assert (quotes.stream, quotes.frames, quotes.age_ns, quotes.fresh) == ("btcusdt@bookTicker", 2, 2 * SECOND, True)
    assert (trades.frames, trades.age_ns, trades.fresh) == (0, -1, False)
