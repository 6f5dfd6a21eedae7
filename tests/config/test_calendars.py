"""`calendar` in `[hours]`: an exchange's sessions as the library has them, and what was read once needs no library."""

import subprocess
import sys

import exchange_calendars  # type: ignore[import-untyped]
import msgspec
import pytest

from config.digest import config_digest, decision_config, settings_from_decisions
from config.errors import ConfigError
from config.hours import with_sessions
from config.load import parse
from connectors.binance.trading.rules import in_units_of
from core.instruments import AssetClass, Instrument
from core.sessions import check_sessions

VENUE = '[venues.xnys]\nconnector = "history"\ninstruments = ["IBM"]\n'
HOUR_NS = 3_600 * 10**9
IBM = Instrument(
    symbol="IBM", venue="XNYS", asset_class=AssetClass.EQUITY, base="IBM", quote="USD", price_precision=2,
    size_precision=0, tick=1, lot=1, calendar="XNYS",
)  # fmt: skip


def read(hours: str):
    return parse(VENUE + hours).settings


def table(name: str, first: str, last: str, key: str = ""):
    key = key or name
    return read(f'[hours."{key}"]\ncalendar = "{name}"\nfirst = {first}\nlast = {last}\n').hours[key].table()


@pytest.mark.parametrize(("name", "short"), [("XNYS", 3), ("XLON", 2)])
def test_a_year_is_as_the_library_has_it_with_holidays_and_early_closes(name, short):
    sessions = table(name, "2024-01-01", "2024-12-31")
    schedule = exchange_calendars.get_calendar(name, start="2024-01-01", end="2024-12-31").schedule
    opens = [int(each.timestamp()) * 10**9 for each in schedule["open"]]
    closes = [int(each.timestamp()) * 10**9 for each in schedule["close"]]
    assert sessions == tuple(zip(opens, closes, strict=True))
    assert check_sessions(sessions) == ""
    whole = max(close_ns - open_ns for open_ns, close_ns in sessions)
    assert sum(close_ns - open_ns < whole for open_ns, close_ns in sessions) == short, "early closes"
    assert 250 <= len(sessions) <= 255, "262 weekdays less the holidays"


def test_a_calendar_may_be_one_instruments_own():
    sessions = table("XLON", "2024-03-04", "2024-03-06", key="IBM.XNYS")
    assert with_sessions(IBM, {"IBM.XNYS": sessions, "XNYS": ((1, 2),)}).sessions == sessions
    assert sessions[0][1] - sessions[0][0] == 8.5 * HOUR_NS


@pytest.mark.parametrize(
    ("hours", "wrong"),
    [
        ('calendar = "XLONN"\nfirst = 2024-03-04\nlast = 2024-03-06', "no calendar 'XLONN': did you mean XLON"),
        ('calendar = "XHKG"\nfirst = 2060-01-01\nlast = 2060-12-31', "holidays are only recorded to the year 2049"),
        (
            'calendar = "XNYS"\nfirst = 2024-03-02\nlast = 2024-03-03',
            "no sessions of XNYS from 2024-03-02 to",
        ),
        ('calendar = "XNYS"', "calendar goes with first and last"),
        ('calendar = "XNYS"\nfirst = 2024-03-04\nlast = 2024-03-06\ntime_zone = "Europe/London"', "and no more"),
        ('calendar = ""', "give sessions"),
    ],
)
def test_a_calendar_that_makes_no_table_is_refused_saying_what_to_do(hours, wrong):
    with pytest.raises(ConfigError, match=wrong) as caught:
        read(f"[hours.XNYS]\n{hours}\n")
    assert "hours.XNYS" in caught.value.key


def test_what_was_recorded_needs_no_calendar_any_more(monkeypatch):
    settings = read('[hours.XNYS]\ncalendar = "XNYS"\nfirst = 2024-03-04\nlast = 2024-03-08\n')
    recorded = msgspec.json.decode(msgspec.json.encode(decision_config(settings)))
    monkeypatch.setattr("config.hours.sessions_of", lambda *_args: pytest.fail("the library was asked"))
    again = settings_from_decisions(recorded)
    assert again.hours == settings.hours
    assert again.paper.sim.hours.sessions == {"XNYS": settings.hours["XNYS"].table()}
    assert config_digest(again) == config_digest(settings)


def test_settings_that_name_no_calendar_keep_their_digest():
    settings = read("[hours.XNYS]\nsessions = [[1, 2]]\n")
    hours = decision_config(settings)["hours"]
    assert isinstance(hours, dict)
    assert "calendar" not in hours["XNYS"]


def test_the_library_is_imported_only_where_a_calendar_is_named():
    said = subprocess.run(
        [sys.executable, "-c", (
            "import sys; from config.load import parse; "
            f"parse({VENUE + '[hours.XNYS]' + chr(10) + 'sessions = [[1, 2]]'!r}); "
            "print('exchange_calendars' in sys.modules)"
        )],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout == "False\n"


def test_new_rules_of_a_venue_keep_the_sessions():
    known = msgspec.structs.replace(IBM, sessions=((1, 2),))
    assert in_units_of(known, msgspec.structs.replace(IBM, tick=5)) == msgspec.structs.replace(known, tick=5)
