import http.client
import math
import shutil
import socket
import subprocess
import threading
import time

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from daemon.errors import UsageError
from daemon.metrics import MetricsServer, is_loopback
from tests.daemon.status_samples import (
    NOON_NS,
    SECOND_NS,
    crowded_status,
    empty_status,
    feed,
    freeze,
    live_status,
    position,
    status,
    venue,
)


@pytest.fixture
def server():
    running = MetricsServer().start()
    yield running
    running.close()


def scrape(server: MetricsServer) -> str:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=30)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def samples(server: MetricsServer) -> dict[tuple[str, ...], float]:
    """Samples by name and label values in the labels' order of names."""
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(scrape(server))
        for sample in family.samples
    }


def test_a_scrape_tells_the_last_status(server):
    server.publish(status(inputs=1))
    server.publish(status(malformed={"not-json": 3}, reconnects=2), {"MAX_POSITION": 5}, {("error", "FROZEN"): 2})
    got = samples(server)

    expected = {
        ("tickerd_inputs_total",): 1_234_567,
        ("tickerd_effects_total",): 2_345,
        ("tickerd_commands_total",): 55,
        ("tickerd_reconnects_total",): 2,
        ("tickerd_malformed_frames_total", "not-json"): 3,
        ("tickerd_refusals_total", "MAX_POSITION"): 5,
        ("tickerd_alerts_total", "FROZEN", "error"): 2,
        ("tickerd_uptime_seconds",): 41,
        ("tickerd_status_timestamp_seconds",): NOON_NS / 1e9 + 1,
        ("tickerd_journal_size_bytes",): 12_900_000,
        ("tickerd_resident_memory_bytes",): 150_000_000,
        ("tickerd_loop_lag_seconds",): 0.00018,
        ("tickerd_tick_to_order_seconds", "0.5"): 41.3e-6,
        ("tickerd_tick_to_order_seconds", "0.99"): 95.2e-6,
        ("tickerd_tick_to_order_seconds_count",): 321,
        ("tickerd_state", "READY"): 1,
        ("tickerd_state", "DRAINING"): 0,
        ("tickerd_orders", "filled"): 12,
        ("tickerd_orders", "unknown"): 0,
        ("tickerd_feed_connected", "BTCUSDT.BINANCE"): 1,
        ("tickerd_feed_age_seconds", "BTCUSDT.BINANCE"): 0.012,
        ("tickerd_feed_stale_channels", "BTCUSDT.BINANCE"): 0,
        ("tickerd_feed_book_state", "BTCUSDT.BINANCE", "live"): 1,
        ("tickerd_feed_book_state", "BTCUSDT.BINANCE", "invalid"): 0,
        ("tickerd_bid_price", "ETHUSDT.BINANCE"): 2650.1,
        ("tickerd_ask_price", "ETHUSDT.BINANCE"): 2650.11,
        ("tickerd_last_price", "ETHUSDT.BINANCE"): 2650.1,
        ("tickerd_position_quantity", "BTCUSDT.BINANCE"): 0.01,
        ("tickerd_realised_profit", "USDT", "BTCUSDT.BINANCE"): 1.5821,
        ("tickerd_unrealised_profit", "USDT", "BTCUSDT.BINANCE"): -0.2331,
        ("tickerd_fees", "USDT", "BTCUSDT.BINANCE"): 0.12,
        ("tickerd_balance", "USDT"): 100001.2345,
        ("tickerd_strategy_state", "active", "ema-btc"): 1,
        ("tickerd_strategy_state", "paused", "ema-btc"): 0,
        ("tickerd_strategy_open_orders", "quoter-eth"): 2,
        ("tickerd_strategy_fills_total", "quoter-eth"): 9,
    }
    assert {key: got.get(key) for key in expected} == pytest.approx(expected)
    assert 'mode="paper"' in scrape(server)
    assert 'labels="synthetic market"' in scrape(server)


def test_trading_for_real_is_told_by_venue_instrument_and_currency(server):
    busy = venue(
        orders="silent",
        link="limited",
        silent_ns=8 * SECOND_NS,
        unknown_orders=2,
        unknown_age_ns=5 * SECOND_NS,
        dead_man_ns=58 * SECOND_NS,
        private="down",
        books="comparing",
    )
    server.publish(live_status(busy, freezes=[freeze(""), freeze()]))
    got = samples(server)

    expected = {
        ("tickerd_link_up", "market-data", "BINANCE"): 1,
        ("tickerd_link_up", "orders", "BINANCE"): 1,
        ("tickerd_link_up", "private", "BINANCE"): 0,
        ("tickerd_link_state", "limited", "BINANCE"): 1,
        ("tickerd_link_state", "up", "BINANCE"): 0,
        ("tickerd_books_state", "comparing", "BINANCE"): 1,
        ("tickerd_books_state", "agreed", "BINANCE"): 0,
        ("tickerd_books_age_seconds", "BINANCE"): 12,
        ("tickerd_unknown_orders", "BINANCE"): 2,
        ("tickerd_unknown_order_age_seconds", "BINANCE"): 5,
        ("tickerd_request_weight_used", "BINANCE"): 500,
        ("tickerd_request_weight_limit", "BINANCE"): 6_000,
        ("tickerd_request_weight_cancel_share_ratio", "BINANCE"): 0.2,
        ("tickerd_order_count_used", "BINANCE"): 2,
        ("tickerd_order_count_limit", "BINANCE"): 100,
        ("tickerd_retry_after_seconds", "BINANCE"): 8,
        ("tickerd_commands_queued", "BINANCE"): 0,
        ("tickerd_commands_throttled_total", "BINANCE"): 3,
        ("tickerd_commands_by_rest_total", "BINANCE"): 1,
        ("tickerd_clock_offset_seconds", "BINANCE"): -0.00125,
        ("tickerd_clock_uncertainty_seconds", "BINANCE"): 0.0004,
        ("tickerd_clock_bound_seconds", "BINANCE"): 0.5,
        ("tickerd_dead_man_seconds", "BINANCE"): 58,
        ("tickerd_halted",): 1,
        ("tickerd_frozen", "BTCUSDT.BINANCE"): 1,
        ("tickerd_frozen", "ETHUSDT.BINANCE"): 0,
        ("tickerd_foreign_orders",): 0,
        ("tickerd_lease_epoch",): 91_232_580_944,
        ("tickerd_snapshot_age_seconds",): 180,
        ("tickerd_equity", "USDT"): 100602.4689,
        ("tickerd_equity_unpriced",): 1,
        ("tickerd_rate", "USDT", "BTC"): 60123.43,
        ("tickerd_balance_held", "USDT"): 132.4,
        ("tickerd_dust_quantity", "ETHUSDT.BINANCE"): 0.00004,
    }
    assert {key: got.get(key) for key in expected} == pytest.approx(expected)


def test_what_a_venue_does_not_have_is_left_out(server):
    server.publish(live_status(venue(dead_man_ns=None, books_age_ns=-1, link="", orders_limit=0), snapshot_age_ns=-1))
    got = {key[0] for key in samples(server)}

    absent = {"dead_man_seconds", "books_age_seconds", "unknown_order_age_seconds", "snapshot_age_seconds"}
    assert not got & {f"tickerd_{name}" for name in (*absent, "order_count_limit", "link_state")}
    assert "tickerd_link_up" in got


def test_before_the_first_status_there_is_nothing_to_tell(server):
    assert samples(server) == {}


def test_what_is_not_known_is_left_out_instead_of_told_as_nought(server):
    server.publish(
        status(
            feeds=[feed("A.X", age_ns=-1, bid_price="", last_price="")],
            positions=[position("A.X", unrealised="?")],
            tick_to_order_count=0,
        )
    )
    got = samples(server)

    assert ("tickerd_feed_age_seconds", "A.X") not in got
    assert ("tickerd_bid_price", "A.X") not in got
    assert ("tickerd_ask_price", "A.X") in got
    assert ("tickerd_unrealised_profit", "USDT", "A.X") not in got
    assert math.isnan(got["tickerd_tick_to_order_seconds", "0.5"])


def test_a_state_that_nobody_knew_of_is_told_too(server):
    server.publish(status(state="SOMETHING-NEW", orders={"tomorrow": 4}))
    got = samples(server)

    assert got["tickerd_state", "SOMETHING-NEW"] == 1
    assert got["tickerd_orders", "tomorrow"] == 4


@pytest.mark.parametrize("make", [status, live_status, crowded_status, empty_status])
def test_names_have_the_prefix_and_help_and_no_series_comes_twice(server, make):
    server.publish(make())
    families = list(text_string_to_metric_families(scrape(server)))

    keys = [(s.name, *sorted(s.labels.items())) for family in families for s in family.samples]
    assert len(keys) == len(set(keys))
    assert all(family.name.startswith("tickerd_") and family.documentation for family in families)


def test_labels_with_odd_characters_survive_the_way(server):
    odd = 'a"b\\c\nd µ'
    server.publish(status(malformed={odd: 1}))

    assert ("tickerd_malformed_frames_total", odd) in samples(server)


def test_promtool_finds_nothing_to_say(server):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not on the path; it comes with Prometheus")
    server.publish(msgspec.structs.replace(live_status(), malformed={"not-json": 1}), {"MAX_POSITION": 1})
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=scrape(server), capture_output=True, text=True, check=False, timeout=60
    )

    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", "", "127.0.0.1.example.com"])
def test_a_host_that_others_can_reach_is_refused(host):
    with pytest.raises(UsageError, match=r"\[metrics\] host"):
        MetricsServer(host, 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "LOCALHOST", "::1", "[::1]"])
def test_the_machine_itself_may_always_ask(host):
    assert is_loopback(host)


def test_who_insists_may_serve_others():
    server = MetricsServer("0.0.0.0", 0, allow_remote=True).start()
    server.close()

    assert server.port > 0


def test_metrics_are_served_over_ipv6_too():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")
    server = MetricsServer("[::1]", 0).start()
    server.publish(status())
    try:
        assert "tickerd_inputs_total" in scrape(server)
        assert server.url == f"http://[::1]:{server.port}/metrics"
    finally:
        server.close()


def test_port_0_is_a_free_one_and_is_told(server):
    assert server.port > 0
    assert server.url == f"http://127.0.0.1:{server.port}/metrics"


def test_a_port_that_is_taken_is_an_oserror(server):
    second = MetricsServer("127.0.0.1", server.port)
    with pytest.raises(OSError, match="in use"):
        second.start()
    second.close()


def test_closing_gives_the_port_back_and_may_be_done_twice():
    server = MetricsServer().start()
    server.close()
    server.close()

    with socket.create_server(("127.0.0.1", server.port)):
        assert server._thread is None


def test_someone_who_connects_and_says_nothing_does_not_keep_others_from_asking(server):
    server.publish(status())
    with socket.create_connection(("127.0.0.1", server.port)):
        assert "tickerd_inputs_total" in scrape(server)


def test_scrapes_and_publishing_do_not_wait_for_each_other(server):
    stop = threading.Event()
    scraped: list[int] = []

    def scraping() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        while not stop.is_set():
            connection.request("GET", "/metrics")
            scraped.append(len(connection.getresponse().read()))
        connection.close()

    server.publish(crowded_status())
    thread = threading.Thread(target=scraping)
    thread.start()
    shown = crowded_status()
    deadline = time.monotonic() + 30.0
    while len(scraped) < 3 and time.monotonic() < deadline:
        server.publish(shown)
    stop.set()
    thread.join()

    assert len(scraped) >= 3
    assert all(scraped)
