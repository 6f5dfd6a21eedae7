"""Environment variables override the file; each is checked like the file and named in its mistakes."""

import pytest

from config.errors import ConfigError
from config.load import load, parse
from config.origin import Origin, key_text, line_numbers

TEXT = """\
[session]
seed = 1

[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT", "ETHUSDT"]

[[strategies]]
id = "ema-btc"
use = "ema-cross"
instruments = ["BTCUSDT.BINANCE"]
params = { fast = 20, quantity = "0.01" }

[risk]
max_order_notional = 50_000

[risk.instruments."BTCUSDT.BINANCE"]
max_position = 1
"""


def overridden(**environ):
    return parse(TEXT, file="my.toml", environ=environ).settings


def refused(**environ):
    with pytest.raises(ConfigError) as caught:
        overridden(**environ)
    return [str(error) for error in caught.value.all]


def test_an_override_wins_over_the_file():
    assert overridden(TICKERD__RISK__MAX_ORDER_NOTIONAL="25000").risk.max_order_notional == 25_000
    assert overridden().risk.max_order_notional == 50_000


def test_an_override_sets_what_the_file_leaves_out():
    assert overridden(TICKERD__METRICS__PORT="0").metrics.port == 0
    assert overridden(TICKERD__SESSION__KEEP__MAX_SESSIONS="3").session.keep.max_sessions == 3


@pytest.mark.parametrize("name", ["TICKERD__SESSION__SEED", "tickerd__session__seed", "Tickerd__Session__Seed"])
def test_case_does_not_matter(name):
    assert overridden(**{name: "7"}).session.seed == 7


def test_lists_go_by_index():
    got = overridden(TICKERD__STRATEGIES__0__PARAMS__FAST="9", TICKERD__VENUES__BINANCE__INSTRUMENTS__1="SOLUSDT")
    assert got.strategies[0].params["fast"] == 9
    assert got.venues["binance"].instruments == ("BTCUSDT", "SOLUSDT")


def test_the_index_past_the_end_appends():
    got = overridden(
        TICKERD__VENUES__BINANCE__INSTRUMENTS__2="SOLUSDT",
        TICKERD__STRATEGIES__1__ID="second",
        TICKERD__STRATEGIES__1__USE="ema-cross",
        TICKERD__STRATEGIES__1__INSTRUMENTS='["SOLUSDT.BINANCE"]',
    )
    assert got.venues["binance"].instruments[-1] == "SOLUSDT"
    assert [strategy.id for strategy in got.strategies] == ["ema-btc", "second"]


def test_a_parameter_that_is_text_in_the_file_stays_text():
    assert overridden(TICKERD__STRATEGIES__0__PARAMS__QUANTITY="0.02").strategies[0].params["quantity"] == "0.02"


def test_a_key_that_takes_text_gets_the_text_as_it_is_written():
    assert overridden(TICKERD__SESSION__ROOT="007").session.root == "007"


def test_a_whole_list_is_given_as_toml():
    got = overridden(TICKERD__VENUES__BINANCE__CHANNELS='["quotes"]')
    assert [channel.value for channel in got.venues["binance"].channels] == ["quotes"]


def test_names_with_dots_and_dashes_are_written_with_underscores():
    got = overridden(
        TICKERD__RISK__INSTRUMENTS__BTCUSDT_BINANCE__MAX_POSITION="2",
        TICKERD__RISK__INSTRUMENTS__ETHUSDT_BINANCE__MAX_POSITION="3",
    )
    assert got.risk.instruments["BTCUSDT.BINANCE"].max_position == 2
    assert got.risk.instruments["ETHUSDT.BINANCE"].max_position == 3


def test_a_currency_is_written_in_capitals():
    assert overridden(TICKERD__PAPER__BALANCES__EUR="5").paper.balances.keys() == {"EUR"}


def test_other_variables_are_left_alone():
    assert overridden(TICKERD_RECORDED_DIR="x", TICKERD_SECRET_A="y", PATH="z", TICKERD="1") == overridden()


def test_the_process_environment_is_used_by_default(monkeypatch, tmp_path):
    (tmp_path / "my.toml").write_text(TEXT)
    monkeypatch.setenv("TICKERD__SESSION__SEED", "99")
    assert load(tmp_path / "my.toml").settings.session.seed == 99


MISTAKES = [
    (
        "TICKERD__RISK__MAX_ORDER_NOTINAL",
        "1",
        "risk.max_order_notinal: expected a key of [risk], found max_order_notinal; did you mean max_order_notional?",
    ),
    (
        "TICKERD__SESSION__SEED",
        "many",
        'session.seed: expected a whole number from 0 to 9223372036854775807, found "many"',
    ),
    ("TICKERD__METRICS__PORT", "70000", "metrics.port: expected a whole number from 0 to 65535, found 70000"),
    ("TICKERD__STRATEGIES__3__ID", "x", 'strategies: expected an index from 0 to 1, found "3"'),
    ("TICKERD__STRATEGIES__X__ID", "x", 'strategies: expected an index from 0 to 1, found "X"'),
    ("TICKERD__SESSION__MODE__X", "1", 'session.mode: expected "paper" or "live" and no key below it, found "X"'),
    ("TICKERD__SESSION", "1", "session: expected a table, found 1"),
    (
        "TICKERD__SESSION__MODE",
        "live",
        (
            'session.mode: expected [venues.NAME.trading] of at least one venue, found "none"; add it with the name of '
            "its key, `key = ...`; the secrets themselves stay out of the file"
        ),
    ),
    ("TICKERD__SESSION__ROOT", "a\udcffb", "session.root: expected UTF-8 text, found \"'a\\\\udcffb'\""),
]


@pytest.mark.parametrize(("variable", "value", "message"), MISTAKES, ids=[case[0] for case in MISTAKES])
def test_a_mistake_names_the_variable(variable, value, message):
    assert refused(**{variable: value})[0] == f"environment variable {variable}: {message}"


def test_a_secret_in_an_override_is_refused_and_not_shown():
    assert refused(TICKERD__VENUES__BINANCE__API_KEY="hunter2") == [
        (
            "environment variable TICKERD__VENUES__BINANCE__API_KEY: venues.binance.api_key: expected no secret, "
            "found *** (not shown); keep it in a file, a systemd credential or the environment (config/secrets.py), "
            "never in the settings"
        )
    ]


def test_a_mistake_elsewhere_in_an_overridden_table_still_names_the_file():
    text = TEXT.replace("seed = 1", "seed = -1")
    with pytest.raises(ConfigError) as caught:
        parse(text, file="my.toml", environ={"TICKERD__SESSION__ROOT": "x"})
    assert (caught.value.file, caught.value.line, caught.value.key) == ("my.toml", 2, "session.seed")


def test_lines_are_found_in_every_shape_of_toml():
    lines = line_numbers(
        'a = 1\n\n[t.u]\nb = """\nc = 2\n"""\nd = [\n  1,\n  { e = 3 },\n]\n# f = 4\n[[x]]\ng = 5\n'
        '[[x.y]]\nh = 6\n[[x]]\n"i j" = 7\n[[x.y]]\nk.l = 8\n'
    )
    assert lines[("a",)] == 1
    assert lines[("t", "u")] == 3
    assert lines[("t", "u", "b")] == 4
    assert ("t", "u", "c") not in lines
    assert lines[("t", "u", "d", 1, "e")] == 7
    assert lines[("x", 0, "g")] == 13
    assert lines[("x", 0, "y", 0, "h")] == 15
    assert lines[("x", 1, "i j")] == 17
    assert lines[("x", 1, "y", 0, "k", "l")] == 19


def test_a_key_that_is_not_written_has_the_line_of_its_table():
    origin = Origin("my.toml", "[a]\nb = 1\n")
    assert origin.place(("a", "c", "d")) == ("my.toml", 1)
    assert origin.place(("z",)) == ("my.toml", 0)


def test_keys_are_written_as_in_toml():
    path = ("risk", "instruments", "BTCUSDT.BINANCE", "list", 3, "a-b")
    assert key_text(path) == 'risk.instruments."BTCUSDT.BINANCE".list[3].a-b'


def test_a_venues_own_key_of_the_simulated_venue_is_named_in_capitals():
    got = overridden(TICKERD__PAPER__SIM__VENUES__BINANCE__MAKER_FEE_PPM="7")
    assert got.paper.sim.at("BINANCE").maker_fee_ppm == 7
    assert got.paper.sim.maker_fee_ppm == 1_000
