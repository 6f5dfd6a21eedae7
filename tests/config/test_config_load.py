"""Mistakes in settings give file, line, key, expected and found; right settings come out typed."""

from decimal import Decimal
from pathlib import Path

import pytest

from config.errors import (
    ConfigError,
    Duplicate,
    FileProblem,
    LiveUnready,
    MissingKey,
    SecretInSettings,
    SyntaxMistake,
    UnknownKey,
    UnknownName,
    WrongType,
    WrongValue,
)
from config.load import load, parse, settings_of
from config.settings import Channel, ConnectorName, Mode, Settings
from config.venues import binance_settings
from connectors.base import CHANNELS
from connectors.binance.settings import BinanceSettings, Market
from journal.head import FlushPolicy
from journal.retention import RetentionPolicy

# The names that stay, as the first users were given them.
GOOD = """\
[session]
mode = "paper"                       # paper | live
root = "var/sessions"                # where sessions are kept

[venues.binance]                     # the venue's name: BTCUSDT.BINANCE
connector = "binance-spot"           # or binance-usdm
rest_url = "http://127.0.0.1:9001"   # default: the real venue's
ws_url = "ws://127.0.0.1:9001"
instruments = ["BTCUSDT", "ETHUSDT"]
channels = ["quotes", "trades", "book"]

[[strategies]]
id = "ema-btc"
use = "my/ema.py:EmaCross"           # a file, a built-in name or an entry point
instruments = ["BTCUSDT.BINANCE"]
params = { fast = 20, slow = 100, quantity = "0.01" }

[risk]
max_order_notional = 50_000
"""


def settings(text: str = GOOD) -> Settings:
    return parse(text).settings


def refused(old: str, new: str) -> ConfigError:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    with pytest.raises(ConfigError) as caught:
        parse(text, file="my.toml")
    return caught.value


def test_the_names_that_stay_are_understood():
    got = settings()
    assert got.session.mode is Mode.PAPER
    assert got.session.root == "var/sessions"
    venue = got.venues["binance"]
    assert venue.connector is ConnectorName.BINANCE_SPOT
    assert (venue.rest_url, venue.ws_url) == ("http://127.0.0.1:9001", "ws://127.0.0.1:9001")
    assert venue.instruments == ("BTCUSDT", "ETHUSDT")
    assert venue.channels == (Channel.QUOTES, Channel.TRADES, Channel.BOOK)
    (strategy,) = got.strategies
    assert (strategy.id, strategy.use) == ("ema-btc", "my/ema.py:EmaCross")
    assert strategy.instruments == ("BTCUSDT.BINANCE",)
    assert strategy.params == {"fast": 20, "slow": 100, "quantity": "0.01"}
    assert got.risk.max_order_notional == 50_000
    assert got.instruments == ("BTCUSDT.BINANCE", "ETHUSDT.BINANCE")


def test_a_venue_and_its_instruments_are_all_that_must_be_given():
    got = settings('[venues.b]\nconnector = "binance-usdm"\ninstruments = ["BTCUSDT"]')
    assert got.instruments == ("BTCUSDT.B",)
    assert got.strategies == ()
    assert got.session.mode is Mode.PAPER
    assert got.paper.balances == {"USDT": Decimal(100_000)}


def test_both_binance_markets_run_in_one_daemon():
    more = '[venues.futures]\nconnector = "binance-usdm"\ninstruments = ["BTCUSDT"]\n'
    got = settings(GOOD + more)
    assert got.instruments == ("BTCUSDT.BINANCE", "ETHUSDT.BINANCE", "BTCUSDT.FUTURES")
    assert binance_settings("futures", got.venues["futures"]).market is Market.USDM


def test_nothing_is_removed_unless_a_limit_is_set():
    assert settings().session.keep.policy == RetentionPolicy()
    kept = settings(GOOD + "[session.keep]\nmax_age_days = 7\nmax_sessions = 3\nmax_gib = 0.5").session.keep
    assert kept.policy == RetentionPolicy(max_age_days=7, max_sessions=3, max_total_bytes=1 << 29)


def test_settings_are_frozen():
    with pytest.raises(AttributeError):
        settings().session.root = "elsewhere"  # type: ignore[misc]


def test_flush_follows_the_mode_unless_it_is_set():
    assert settings().session.flush_policy is FlushPolicy.OS
    assert settings(GOOD.replace("[session]", '[session]\nflush = "disk"')).session.flush_policy is FlushPolicy.DISK


@pytest.mark.parametrize("connector", [ConnectorName.BINANCE_SPOT, ConnectorName.BINANCE_USDM])
def test_a_venue_without_more_said_gets_the_connectors_own_defaults(connector):
    got = settings(f'[venues.binance]\nconnector = "{connector}"\ninstruments = ["BTCUSDT"]')
    market = Market.SPOT if connector is ConnectorName.BINANCE_SPOT else Market.USDM
    expected = BinanceSettings(venue="BINANCE", market=market, instruments=("BTCUSDT",))
    assert binance_settings("binance", got.venues["binance"]) == expected


def test_a_venue_of_files_alone_needs_no_connector():
    got = settings('[venues.arca]\nconnector = "history"\ninstruments = ["SPY"]\n[backtest]\nfrom = "2013-10-08"')
    assert got.venues["arca"].connector is ConnectorName.HISTORY
    assert got.backtest.from_ == "2013-10-08"


def test_the_channels_are_those_of_the_connectors():
    assert tuple(channel.value for channel in Channel) == CHANNELS


MISTAKES = [
    # an unknown key: the nearest valid one is named, also where it belongs to another table
    (
        "root =",
        "rot =",
        UnknownKey,
        "my.toml:3: session.rot: expected a key of [session], found rot; did you mean root?",
    ),
    (
        "max_order_notional",
        "max_order_notinal",
        UnknownKey,
        (
            "my.toml:19: risk.max_order_notinal: expected a key of [risk], found max_order_notinal; "
            "did you mean max_order_notional?"
        ),
    ),
    (
        "[session]",
        "[sesion]",
        UnknownKey,
        "my.toml:1: sesion: expected a table of the settings, found sesion; did you mean session?",
    ),
    (
        "[session]",
        'mode = "paper"\n[session]',
        UnknownKey,
        "my.toml:1: mode: expected a table of the settings, found mode; did you mean session.mode?",
    ),
    (
        "rest_url =",
        "resturl =",
        UnknownKey,
        "my.toml:7: venues.binance.resturl: expected a key of [venues.binance], found resturl; did you mean rest_url?",
    ),
    (
        "[risk]",
        "[session.keep]\nzzz = 1\n[risk]",
        UnknownKey,
        (
            "my.toml:19: session.keep.zzz: expected a key of [session.keep], found zzz; "
            "known: max_age_days, max_gib, max_sessions"
        ),
    ),
    # a missing key
    (
        'connector = "binance-spot"',
        "",
        MissingKey,
        'my.toml:5: venues.binance.connector: expected "binance-spot", "binance-usdm" or "history", found nothing',
    ),
    (
        'use = "my/ema.py:EmaCross"',
        "",
        MissingKey,
        (
            "my.toml:12: strategies[0].use: expected a built-in name, an entry point, or a file such as "
            "my/ema.py:EmaCross, "
            "found nothing"
        ),
    ),
    # another type
    ('"var/sessions"', "3", WrongType, "my.toml:3: session.root: expected a path, found 3"),
    (
        '["BTCUSDT", "ETHUSDT"]',
        '"BTCUSDT"',
        WrongType,
        'my.toml:9: venues.binance.instruments: expected a list with at least 1 entry, found "BTCUSDT"',
    ),
    (
        "50_000",
        "true",
        WrongType,
        "my.toml:19: risk.max_order_notional: expected a number, plain or in quotes, found true",
    ),
    (
        "50_000",
        "[1, 2]",
        WrongType,
        "my.toml:19: risk.max_order_notional: expected a number, plain or in quotes, found a list of 2",
    ),
    (
        "[risk]",
        "[risk]\nmax_open_orders = 1.5",
        WrongType,
        "my.toml:19: risk.max_open_orders: expected a whole number, found 1.5",
    ),
    (
        "[risk]",
        "risk = 5\n[risk]",
        UnknownKey,
        (
            "my.toml:18: strategies[0].risk: expected a key of [strategies[0]], found risk; known: exits, id, "
            "instruments, params, sizing, use"
        ),
    ),
    # a value out of its range or form
    (
        '"paper"',
        '"papr"',
        WrongValue,
        'my.toml:2: session.mode: expected "paper" or "live", found "papr"; did you mean "paper"?',
    ),
    (
        '"book"]',
        '"bok"]',
        WrongValue,
        (
            'my.toml:10: venues.binance.channels[2]: expected "quotes", "trades", "book", "bars" or "marks", found '
            '"bok"; did you mean "book"?'
        ),
    ),
    (
        '["BTCUSDT", "ETHUSDT"]',
        "[]",
        WrongValue,
        "my.toml:9: venues.binance.instruments: expected a list with at least 1 entry, found an empty list",
    ),
    (
        "[session]",
        "[session]\ndrain_budget_s = 0",
        WrongValue,
        "my.toml:2: session.drain_budget_s: expected a number above 0 and of at most 600, found 0",
    ),
    (
        "[risk]",
        "[metrics]\nport = 70_000\n[risk]",
        WrongValue,
        "my.toml:19: metrics.port: expected a whole number from 0 to 65535, found 70000",
    ),
    ("50_000", "nan", WrongValue, "my.toml:19: risk.max_order_notional: expected a finite number, found nan"),
    ("50_000", "-1", WrongValue, "my.toml:19: risk.max_order_notional: expected a number, 0 or more, found -1"),
    ("50_000", '"much"', WrongValue, 'my.toml:19: risk.max_order_notional: expected a number, 0 or more, found "much"'),
    (
        "fast = 20",
        "fast = 99999999999999999999",
        WrongValue,
        "my.toml:16: strategies[0].params.fast: expected a whole number of at most 64 bits, found 99999999999999999999",
    ),
    (
        '"ema-btc"',
        '"my strategy"',
        WrongValue,
        'my.toml:13: strategies[0].id: expected an id: up to 32 letters, digits, dots, _ and -, found "my strategy"',
    ),
    (
        "[venues.binance]",
        "[venues.Binance]",
        WrongValue,
        (
            "my.toml:5: venues.Binance: expected a venue's name: up to 16 of a-z, 0-9, _ and -, a letter first, "
            'found "Binance"'
        ),
    ),
    (
        '"ws://127.0.0.1:9001"',
        '"http://127.0.0.1:9001"',
        WrongValue,
        (
            "my.toml:8: venues.binance.ws_url: expected an address such as wss://host or ws://127.0.0.1:9001, "
            'found "http://127.0.0.1:9001"; it must begin with wss:// or ws://'
        ),
    ),
    (
        '"ws://127.0.0.1:9001"',
        '"ws://127.0.0.1:99999"',
        WrongValue,
        (
            "my.toml:8: venues.binance.ws_url: expected an address such as wss://host or ws://127.0.0.1:9001, "
            'found "ws://127.0.0.1:99999"; Port out of range 0-65535'
        ),
    ),
    (
        '"ETHUSDT"',
        '"ethusdt"',
        WrongValue,
        (
            'my.toml:9: venues.binance.instruments[1]: expected a symbol in capitals, found "ethusdt"; did you '
            "mean ETHUSDT?"
        ),
    ),
    (
        "[venues.binance]",
        '[venues.binance]\ndepth_speed = "250ms"',
        WrongValue,
        'my.toml:6: venues.binance.depth_speed: expected "100ms" or "1000ms" on binance-spot, found "250ms"',
    ),
    (
        "[risk]",
        "[paper.balances]\nUSDT = -1\n[risk]",
        WrongValue,
        "my.toml:19: paper.balances.USDT: expected an amount from 0 to 10^18 with at most 18 decimals, found -1",
    ),
    (
        "[risk]",
        "[paper.sim]\nfee_decimals = 99\n[risk]",
        WrongValue,
        (
            "my.toml:19: paper.sim.fee_decimals: expected values that go together, found 99; "
            "fee_decimals is 99: give 0 to 18"
        ),
    ),
    (
        "[risk]",
        "[paper.sim.venues.BINANCE]\nfee_decimals = 99\n[risk]",
        WrongValue,
        (
            "my.toml:19: paper.sim.venues.BINANCE.fee_decimals: expected values that go together, found 99; "
            "venues.BINANCE.fee_decimals is 99: give 0 to 18"
        ),
    ),
    (
        "[risk]",
        "[paper.sim.venues.BINANCE]\nmaker_fee = 1\n[risk]",
        UnknownKey,
        (
            "my.toml:19: paper.sim.venues.BINANCE.maker_fee: expected a key of [paper.sim.venues.BINANCE], "
            "found maker_fee; did you mean maker_fee_ppm?"
        ),
    ),
    (
        "[risk]",
        '[paper.sim.venues.BINANCE]\nqueue_model = "powr"\n[risk]',
        WrongValue,
        (
            "my.toml:19: paper.sim.venues.BINANCE.queue_model: "
            'expected "risk-averse", "pro-rata", "power", "power-total", "power-front", "log", "log-total", '
            '"optimistic" or "fifo", found "powr"; did you mean "power"?'
        ),
    ),
    (
        "[risk]",
        "[paper.sim.venues.binance]\nmaker_fee_ppm = 1\n[risk]",
        WrongValue,
        (
            'my.toml:18: paper.sim.venues.binance: expected a venue as instruments name it, such as "BINANCE", '
            'found "binance"; did you mean "BINANCE"?'
        ),
    ),
    (
        "[risk]",
        "[paper.sim.venues.BINANCE_USDM]\nmaker_fee_ppm = 1\n[risk]",
        UnknownName,
        (
            'my.toml:18: paper.sim.venues.BINANCE_USDM: expected a venue of [venues], found "BINANCE_USDM"; '
            "did you mean BINANCE?"
        ),
    ),
    # names
    (
        'instruments = ["BTCUSDT.BINANCE"]',
        'instruments = ["BTCUSD.BINANCE"]',
        UnknownName,
        (
            'my.toml:15: strategies[0].instruments[0]: expected an instrument of [venues], found "BTCUSD.BINANCE"; '
            "did you mean BTCUSDT.BINANCE?"
        ),
    ),
    (
        "[risk]",
        '[risk.instruments."ETHUSD.BINANCE"]\nmax_position = 1\n[risk]',
        UnknownName,
        (
            'my.toml:18: risk.instruments."ETHUSD.BINANCE": expected an instrument of [venues], found '
            '"ETHUSD.BINANCE"; '
            "did you mean ETHUSDT.BINANCE?"
        ),
    ),
    (
        '["BTCUSDT", "ETHUSDT"]',
        '["BTCUSDT", "BTCUSDT"]',
        Duplicate,
        'my.toml:9: venues.binance.instruments[1]: expected each name once, found "BTCUSDT"',
    ),
    (
        "[risk]",
        '[[strategies]]\nid = "ema-btc"\nuse = "x"\ninstruments = ["ETHUSDT.BINANCE"]\n[risk]',
        Duplicate,
        'my.toml:19: strategies[1].id: expected an id of its own, found "ema-btc"; strategies[0] has it already',
    ),
    # live mode is refused, not pretended
    (
        '"paper"',
        '"live"',
        LiveUnready,
        (
            'my.toml:2: session.mode: expected [venues.NAME.trading] of at least one venue, found "none"; add it with '
            "the name of its key, `key = ...`; the secrets themselves stay out of the file"
        ),
    ),
    # not TOML
    (
        "[risk]",
        "[risk",
        SyntaxMistake,
        "my.toml:18: expected TOML, found Expected ']' at the end of a table declaration at column 6",
    ),
    (
        "[risk]",
        "[session]",
        SyntaxMistake,
        "my.toml:18: expected TOML, found Cannot declare ('session',) twice at column 9",
    ),
]


@pytest.mark.parametrize(("old", "new", "kind", "message"), MISTAKES, ids=[case[3][:60] for case in MISTAKES])
def test_a_mistake_gives_file_line_key_expected_and_found(old, new, kind, message):
    error = refused(old, new)
    assert str(error) == message
    assert type(error) is kind
    assert error.others == ()


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file():
    text = GOOD.replace('"paper"', '"papr"').replace("50_000", "true").replace("rest_url", "resturl")
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert [error.key for error in caught.value.all] == [
        "session.mode",
        "venues.binance.resturl",
        "risk.max_order_notional",
    ]


@pytest.mark.parametrize("key", ["api_key", "apiKey", "API-SECRET", "secret", "password", "private_key", "auth_token"])
@pytest.mark.parametrize("table", ["[metrics]", "[venues.binance.extra]", "[paper]"])
def test_a_secret_in_the_settings_is_refused_and_not_shown(key, table):
    with pytest.raises(ConfigError) as caught:
        parse(f'{GOOD}\n{table}\n{key} = "hunter2"')
    assert all("hunter2" not in str(error) for error in caught.value.all)
    (secret,) = [error for error in caught.value.all if isinstance(error, SecretInSettings)]
    assert key in secret.key
    assert secret.found == "*** (not shown)"


def test_a_password_in_an_address_is_refused_and_not_shown():
    with pytest.raises(SecretInSettings) as caught:
        parse(GOOD.replace("http://", "http://me:hunter2@"))
    assert all("hunter2" not in str(error) for error in caught.value.all)


def test_words_that_only_look_like_secrets_are_left_alone():
    assert (
        settings(GOOD.replace("fast = 20", "token_count = 3, secretive = 1, keys = 2")).strategies[0].params["keys"]
        == 2
    )


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(FileProblem) as caught:
        load(tmp_path / "none.toml", {})
    assert str(caught.value) == (
        f"{tmp_path}/none.toml: expected a TOML file, found nothing there; "
        "name one with -c FILE; config/ holds ready-made ones"
    )


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(FileProblem):
        load(tmp_path, {})


def test_bytes_that_are_not_utf8_give_their_line(tmp_path):
    file = tmp_path / "my.toml"
    file.write_bytes(b"[session]\nroot = '\xff'\n")
    with pytest.raises(SyntaxMistake) as caught:
        load(file, {})
    assert str(caught.value) == f"{file}:2: expected UTF-8 text, found byte 0xff"


def test_a_huge_file_is_not_read(tmp_path):
    file = tmp_path / "my.toml"
    file.write_bytes(b"#" * (1 << 20) + b"\n")
    with pytest.raises(FileProblem, match="expected at most 1 MiB"):
        load(file, {})


@pytest.mark.parametrize("text", ["a = " + "[" * 5000, "a = " + "9" * 5000, "a." * 2000 + "b = 1"])
def test_absurd_texts_are_refused_like_any_other(text):
    with pytest.raises(ConfigError):
        parse(text)


def test_the_folder_of_the_file_is_kept_for_strategies(tmp_path):
    (tmp_path / "my.toml").write_text(GOOD)
    config = load(tmp_path / "my.toml", {})
    assert config.folder == tmp_path
    assert config.with_root("elsewhere").settings.session.root == "elsewhere"


def test_dates_in_parameters_become_text():
    got = settings(GOOD.replace("fast = 20", "since = 2024-08-08, at = 07:32:00"))
    assert got.strategies[0].params["since"] == "2024-08-08"
    assert got.strategies[0].params["at"] == "07:32:00"


def test_settings_can_be_made_without_a_file():
    document: dict[str, object] = {"venues": {"binance": {"connector": "binance-spot", "instruments": ["BTCUSDT"]}}}
    assert settings_of(document, folder=Path()).settings.instruments == ("BTCUSDT.BINANCE",)


def test_modes_of_a_futures_account_are_refused_on_spot_and_where_the_books_are_kept_otherwise():
    trading = '\n[venues.binance.trading]\nkey = "k"\n'
    with pytest.raises(ConfigError) as refused:
        parse(f'{GOOD}{trading}hedge_mode = false\nmargin_type = "crossed"\nleverage = {{ BTCUSDT = 5 }}\n')
    told = sorted(each.key for each in (refused.value, *refused.value.others))
    assert told == [f"venues.binance.trading.{key}" for key in ("hedge_mode", "leverage", "margin_type")]
    usdm = GOOD.replace('"binance-spot"', '"binance-usdm"') + f"{trading}hedge_mode = true\n"
    with pytest.raises(WrongValue) as disagrees:
        parse(usdm)
    assert "as [accounting] hedging says" in str(disagrees.value)
    assert parse(usdm + "[accounting]\nhedging = true\n").settings.accounting.hedging


CONTROLS = """
[risk.controls]
base_currency = "USDT"
restricted = ["LUNAUSDT.BINANCE"]

[risk.controls.groups]
majors = ["BTCUSDT.BINANCE", "ETHUSDT.BINANCE"]

[risk.controls.limits.all]
max_gross_notional = 50_000
min_cash = 1_000

[risk.controls.limits."group:majors"]
max_leverage = "1.5"
"""


def test_limits_of_every_level_are_read():
    controls = settings(GOOD + CONTROLS).risk.controls
    assert controls is not None
    assert controls.limits["all"].max_gross_notional == 50_000
    assert controls.limits["group:majors"].max_leverage == "1.5"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("group:majors", "strategy:emma", 'limits."strategy:emma": expected a strategy of this configuration'),
        ("ETHUSDT.BINANCE", "ETHUSD.BINANCE", "risk.controls.groups.majors[1]: expected an instrument of [venues]"),
        ("min_cash", "min_csh", "expected a key of [risk.controls.limits.all], found min_csh; did you mean min_cash?"),
        ("50_000", "-1", "risk.controls.limits.all.max_gross_notional: expected a number, 0 or more, found -1"),
        ("group:majors", "group:minors", 'limits."group:minors": expected a name in risk.controls.groups: majors'),
        ("group:majors", "planet:mars", 'limits."planet:mars": expected all, or one of account, venue'),
    ],
)
def test_a_limit_of_something_that_is_not_there_is_told_with_its_place(old, new, message):
    with pytest.raises(ConfigError) as told:
        settings(GOOD + CONTROLS.replace(old, new))
    assert message in str(told.value)
