"""Tables of sessions: from days with and without breaks, and of real exchanges."""

import tomllib

import pytest

from config.calendars import spans_of
from config.settings import PaperSettings
from connectors.sim.hours_settings import HoursSettings
from research.calendars import UnknownCalendar, sessions_of, toml_of
from research.calendars.__main__ import main

NO_BREAK = -(1 << 63)
HOUR_NS = 3_600_000_000_000


def test_a_day_with_a_break_is_two_spans():
    assert spans_of([(1, 3, 4, 6), (11, NO_BREAK, NO_BREAK, 16)]) == ((1, 3), (4, 6), (11, 16))


def test_sessions_without_time_between_them_are_one():
    days = [(1, NO_BREAK, NO_BREAK, 3), (3, 4, 5, 7), (7, NO_BREAK, NO_BREAK, 9)]
    assert spans_of(days) == ((1, 4), (5, 9))


def test_the_table_is_written_as_settings_that_the_simulated_venue_takes():
    text = toml_of("XNYS", [(1, 3), (4, 6)])
    sim = tomllib.loads(text)["paper"]["sim"]
    assert sim == {"hours": {"sessions": {"XNYS": [[1, 3], [4, 6]]}}}
    assert isinstance(PaperSettings().sim.hours, HoursSettings)


def test_without_the_library_it_is_told_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setitem(__import__("sys").modules, "exchange_calendars", None)
    with pytest.raises(UnknownCalendar, match="pip install exchange-calendars"):
        sessions_of("XNYS", "2024-07-01", "2024-07-04")
    assert main(["XNYS", "2024-07-01", "2024-07-04"]) == 1
    assert "pip install" in capsys.readouterr().err


def test_too_few_words_print_the_usage(capsys):
    assert main([]) == 2
    assert "XNYS" in capsys.readouterr().err


class TestWithTheLibrary:
    def test_new_york_closes_early_before_a_holiday_and_is_closed_on_it(self):
        spans = sessions_of("XNYS", "2024-07-02", "2024-07-05")
        assert [(close_ns - open_ns) / HOUR_NS for open_ns, close_ns in spans] == [6.5, 3.5, 6.5]
        assert spans[0][0] == 1_719_927_000_000_000_000  # 2024-07-02T13:30:00Z

    def test_hong_kong_has_a_midday_break(self):
        spans = sessions_of("XHKG", "2024-01-02", "2024-01-03")
        assert [(close_ns - open_ns) / HOUR_NS for open_ns, close_ns in spans] == [2.5, 3.0] * 2

    def test_an_unknown_calendar_is_told(self):
        with pytest.raises(UnknownCalendar, match="XXXX"):
            sessions_of("XXXX", "2024-01-02", "2024-01-03")
