"""The settings files that come with tickerd are right, complete and about what they say."""

import pytest

from config.audit_settings import FIVE_YEARS_DAYS
from config.load import load, ready_made
from config.settings import ConnectorName, Mode
from config.strategies import load_strategies
from config.venues import binance_settings
from journal.head import FlushPolicy

NAMES = [
    "binance-spot-live",
    "binance-spot-live-audited",
    "binance-spot-paper",
    "binance-usdm-live",
    "binance-usdm-paper",
    "demo",
]


def test_these_are_the_files():
    assert sorted(ready_made()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_ready_made_file_loads_with_its_strategies(name):
    config = load(ready_made()[name], {})
    assert load_strategies(config).keys() == {strategy.id for strategy in config.settings.strategies}


@pytest.mark.parametrize("name", NAMES)
def test_a_ready_made_file_is_short_and_explained(name):
    lines = ready_made()[name].read_text().splitlines()
    assert lines[0].startswith("# ")
    assert len(lines) < 60
    assert all(len(line) <= 120 for line in lines)


def test_the_demo_trades_two_instruments_with_two_strategies():
    settings = load(ready_made()["demo"], {}).settings
    assert settings.instruments == ("BTCUSDT.BINANCE", "ETHUSDT.BINANCE")
    assert [(each.use, each.instruments) for each in settings.strategies] == [
        ("ema-cross", ("BTCUSDT.BINANCE",)),
        ("two-sided-quoter", ("ETHUSDT.BINANCE",)),
    ]


def test_the_demo_is_pointed_at_another_port_by_the_environment():
    environ = {
        "TICKERD__VENUES__BINANCE__REST_URL": "http://127.0.0.1:7",
        "TICKERD__VENUES__BINANCE__WS_URL": "ws://127.0.0.1:7",
    }
    venue = load(ready_made()["demo"], environ).settings.venues["binance"]
    assert (venue.rest_url, venue.ws_url) == ("http://127.0.0.1:7", "ws://127.0.0.1:7")


@pytest.mark.parametrize(
    ("name", "connector", "host"),
    [
        ("binance-spot-paper", ConnectorName.BINANCE_SPOT, "api.binance.com"),
        ("binance-usdm-paper", ConnectorName.BINANCE_USDM, "fapi.binance.com"),
    ],
)
def test_the_paper_files_read_from_the_real_venue(name, connector, host):
    settings = load(ready_made()[name], {}).settings
    ((venue_name, venue),) = settings.venues.items()
    assert venue.connector is connector
    assert host in binance_settings(venue_name, venue).rest_base


@pytest.mark.parametrize("name", [name for name in NAMES if "-live" in name])
def test_the_live_files_trade_little_name_no_secret_and_open_nothing_beside_foreign_orders(name):
    settings = load(ready_made()[name], {}).settings
    assert settings.session.mode is Mode.LIVE
    assert settings.session.flush_policy is FlushPolicy.DISK
    assert settings.live.foreign_orders == "halt"
    assert float(settings.risk.max_order_notional) <= 300
    ((_, venue),) = settings.venues.items()
    assert venue.trading is not None
    assert venue.trading.key == "binance"
    assert (venue.rest_url, venue.trading.ws_api_url) == ("", "")  # the real venue's


def test_the_audited_file_signs_anchors_elsewhere_stops_by_itself_and_removes_nothing_signed():
    settings = load(ready_made()["binance-spot-live-audited"], {}).settings
    assert settings.audit.key_file == "audit.pem"
    assert not any(place.startswith(settings.session.root) for place in settings.audit.anchors)
    assert settings.audit.keep_days >= FIVE_YEARS_DAYS - 1
    assert settings.metrics.port
    breakers = settings.risk.breakers
    assert breakers is not None
    assert [row.flatten_at for row in breakers.day_loss] == [5]
