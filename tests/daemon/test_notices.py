"""The log tells what became of feeds, frames and strategies, once each time that it changes."""

import msgspec
from structlog.testing import capture_logs

from core.effects import StrategyChanged, StrategyState
from daemon.notices import Notices
from daemon.projection import Projection
from daemon.status import Status
from tests.daemon import status_samples as samples
from tests.daemon.sessions import Recorder


def told(*statuses: Status) -> list[tuple[str, str, dict[str, object]]]:
    """Level, words and figures of every line about these statuses, one after another."""
    notices = Notices()
    with capture_logs() as lines:
        for status in statuses:
            notices.look(status)
    return [
        (line["log_level"], line["event"], {k: v for k, v in line.items() if k not in {"log_level", "event"}})
        for line in lines
    ]


def test_a_state_that_stays_is_not_told():
    assert told(*[samples.status()] * 3) == []


def test_a_feed_that_is_lost_and_found_is_told_both_times():
    good = samples.status(feeds=[samples.feed()], reconnects=0)
    lost = samples.status(feeds=[samples.feed(connected=False, book="invalid", stale=["quotes"])], reconnects=0)
    back = samples.status(feeds=[samples.feed()], reconnects=1)
    name = {"instrument": "BTCUSDT.BINANCE"}
    assert told(good, lost, lost, back) == [
        ("warning", "feed lost", name),
        ("warning", "book withheld", {**name, "state": "invalid"}),
        ("warning", "stale", {**name, "channels": ["quotes"]}),
        ("info", "feed connected", name),
        ("info", "book in sync", name),
        ("info", "fresh again", {**name, "channels": ["quotes"]}),
        ("warning", "connection lost and made again", {"times": 1}),
    ]


def test_the_first_feeds_are_told_when_they_come():
    nothing = samples.status(feeds=[])
    loading = samples.status(feeds=[samples.feed(connected=True, book="empty")])
    live = samples.status(feeds=[samples.feed()])
    words = [words for _, words, _ in told(nothing, loading, live)]
    assert words == ["feed connected", "book in sync"]


def test_frames_kept_raw_are_told_with_how_many_are_new():
    first = samples.status(malformed={"malformed trades": 2})
    more = samples.status(malformed={"malformed trades": 5, "too large": 1})
    assert told(first, more) == [
        ("warning", "frames kept raw", {"reason": "malformed trades", "new": 3, "total": 5}),
        ("warning", "frames kept raw", {"reason": "too large", "new": 1, "total": 1}),
    ]


def test_a_strategy_that_was_paused_is_told_with_its_reason():
    running = samples.status()
    one = msgspec.structs.replace(running.strategies[0], state="paused", reason="KeyError in my.py:3 on_quote")
    paused = msgspec.structs.replace(running, strategies=[one, *running.strategies[1:]])
    assert told(running, paused) == [
        ("error", "strategy paused", {"strategy": one.id, "reason": "KeyError in my.py:3 on_quote"})
    ]
    raised = msgspec.structs.replace(running, strategies=[msgspec.structs.replace(one, error="KeyError: 'ETH'")])
    [(_, _, fields)] = told(running, raised)
    assert fields["error"] == "KeyError: 'ETH'"


def test_the_status_of_a_paused_strategy_has_the_last_line_of_what_it_raised(tmp_path):
    recorder = Recorder(tmp_path)
    projection = Projection(recorder.engine, recorder.stats, "s", "paper", [])
    trace = 'Traceback (most recent call last):\n  File "x.py", line 28\nStrategyError: ema: a period is 2 or more\n'
    reason = "StrategyError in x.py:28 on_start"
    actor = recorder.engine.desk.actors[0].id
    change = StrategyChanged(strategy_id=actor, state=StrategyState.PAUSED, reason=reason, traceback=trace)
    projection.seen.change(1, change)
    status = projection.status(recorder.now_ns, journal_bytes=0, loop_lag_ns=0, malformed={}, reconnects=0)
    assert [(each.reason, each.error) for each in status.strategies if each.id == actor] == [
        (reason, "StrategyError: ema: a period is 2 or more")
    ]
    assert not any(each.error for each in status.strategies if each.id != actor)


def test_each_alert_is_told_once_though_only_the_last_few_are_kept():
    a, b, c = (samples.alert(text, severity) for text, severity in (("a", "error"), ("b", "info"), ("c", "warning")))
    first = samples.status(alerts=[a, b])
    more = samples.status(alerts=[b, c, c])
    expected = ("warning", "alert", {"severity": "warning", "code": "BOOK", "message": "c"})
    assert told(first, more, more) == [expected, expected]


def test_an_alert_names_its_instrument():
    here = msgspec.structs.replace(samples.alert("a", "error"), instrument="BTCUSDT.BINANCE")
    [(level, _, fields)] = told(samples.status(alerts=[]), samples.status(alerts=[here]))
    assert (level, fields["severity"], fields["instrument"]) == ("error", "error", "BTCUSDT.BINANCE")


def test_links_and_books_are_told_when_they_change():
    before = samples.live_status()
    after = samples.live_status(
        samples.venue(link="down", link_reason="the socket was closed", books="broken", books_reason="BTC differs")
    )
    assert told(before, after, before) == [
        ("warning", "trading link", {"venue": "BINANCE", "state": "down", "reason": "the socket was closed"}),
        ("warning", "books", {"venue": "BINANCE", "state": "broken", "reason": "BTC differs"}),
        ("info", "trading link", {"venue": "BINANCE", "state": "up"}),
        ("info", "books", {"venue": "BINANCE", "state": "agreed"}),
    ]
