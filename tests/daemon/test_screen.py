import io
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from daemon.screen import words
from daemon.screen.child import TableView
from daemon.screen.history import History, Recorder, profits_of
from daemon.screen.layout import Block, allot
from daemon.screen.lines import LinesView, status_line, working_orders
from daemon.screen.panels import grouped
from daemon.screen.render import render
from daemon.screen.table import Column, cell, table
from daemon.status import (
    AlertStatus,
    FeedStatus,
    FillStatus,
    PositionStatus,
    RefusalStatus,
    Status,
    StrategyStatus,
    WorthStatus,
)
from tests.daemon.status_samples import (
    NOON_NS,
    SECOND_NS,
    account,
    alert,
    crowded_status,
    empty_status,
    feed,
    fill,
    freeze,
    live,
    live_status,
    position,
    refusal,
    status,
    venue,
)

SIZES = [(120, 40), (80, 24), (100, 30), (99, 60), (200, 80), (60, 20), (40, 9), (39, 24), (80, 7), (20, 5), (1, 1)]


def drawn(shown: Status, size: tuple[int, int], history: History | None = None) -> str:
    width, height = size
    console = Console(width=width, height=height, record=True, file=io.StringIO(), color_system=None)
    console.print(render(shown, history or History(), width, height), end="")
    return console.export_text()


def assert_fits(text: str, size: tuple[int, int]) -> None:
    width, height = size
    lines = text.splitlines()
    assert len(lines) <= max(1, height - 1)
    assert all(cell_len(line) <= width for line in lines)


# -- the frame ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("make", [status, live_status, crowded_status, empty_status])
def test_a_frame_fits_the_terminal_and_leaves_its_last_line_free(make, size):
    assert_fits(drawn(make(), size), size)


names = st.text(max_size=30)
amounts = st.sampled_from(["", "0", "-0", "1e5", "NaN", "-12345678901234567890.123456789", "0.00000001", "x"])
counts = st.integers(0, 2**63 - 1)
times = st.integers(-(2**63), 2**63 - 1)
accounts = st.builds(
    account,
    base_currency=names,
    equity=amounts,
    unpriced=st.lists(names, max_size=3),
    worth=st.lists(
        st.builds(WorthStatus, currency=names, amount=amounts, held=amounts, value=amounts, rate=amounts, path=names),
        max_size=3,
    ),
)
lives = st.builds(
    live,
    st.builds(
        venue,
        venue=names,
        market_data=names,
        orders=names,
        private=names,
        link=names,
        books=names,
        step=names,
        waits_for=st.lists(names, max_size=3),
        books_age_ns=times,
        unknown_orders=counts,
        unknown_age_ns=times,
        weight_used=counts,
        weight_limit=counts,
        silent_ns=times,
        queued=counts,
        clock_offset_ns=times,
        clock_bound_ns=times,
        dead_man_ns=st.none() | times,
        last_error=names,
    ),
    foreign_orders=counts,
    snapshot_age_ns=times,
    release=names,
    freezes=st.lists(st.builds(freeze, names, state=names, reason=names, since_ns=times), max_size=3),
)
statuses = st.builds(
    Status,
    session=names,
    mode=names,
    labels=st.lists(names, max_size=3),
    state=names,
    time_ns=times,
    uptime_ns=times,
    inputs=counts,
    effects=counts,
    events_per_s=st.floats(0, 1e12),
    journal_bytes=counts,
    rss_bytes=counts,
    tick_to_order_p50_ns=times,
    tick_to_order_p99_ns=times,
    tick_to_order_count=counts,
    loop_lag_ns=times,
    orders=st.dictionaries(names, counts, max_size=4),
    commands=counts,
    malformed=st.dictionaries(names, counts, max_size=2),
    reconnects=counts,
    feeds=st.lists(
        st.builds(
            FeedStatus,
            instrument=names,
            connected=st.booleans(),
            book=names,
            stale=st.lists(names, max_size=2),
            age_ns=times,
            bid_price=amounts,
            ask_price=amounts,
            last_price=amounts,
        ),
        max_size=4,
    ),
    positions=st.lists(
        st.builds(
            PositionStatus,
            instrument=names,
            quantity=amounts,
            average_price=amounts,
            mark_price=amounts,
            realised=amounts,
            unrealised=amounts,
            fees=amounts,
            currency=names,
        ),
        max_size=4,
    ),
    balances=st.dictionaries(names, amounts, max_size=4),
    strategies=st.lists(
        st.builds(StrategyStatus, id=names, state=names, reason=names, open_orders=counts, fills=counts), max_size=4
    ),
    refusals=st.lists(
        st.builds(RefusalStatus, time_ns=times, strategy_id=names, instrument=names, code=names, message=names),
        max_size=4,
    ),
    fills=st.lists(
        st.builds(
            FillStatus, time_ns=times, strategy_id=names, instrument=names, side=names, quantity=amounts, price=amounts
        ),
        max_size=4,
    ),
    alerts=st.lists(st.builds(AlertStatus, time_ns=times, severity=names, code=names, message=names), max_size=3),
    account=st.none() | accounts,
    live=st.none() | lives,
)


@given(statuses, st.integers(1, 160), st.integers(1, 60))
def test_any_status_can_be_drawn_on_any_terminal(shown, width, height):
    recorder = Recorder(SECOND_NS)
    recorder.add(shown)

    text = drawn(shown, (width, height), recorder.history(5 * SECOND_NS))

    assert_fits(text, (width, height))
    assert all(character == "\n" or character.isprintable() for character in text)
    assert "\n" not in status_line(shown)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
def test_the_table_says_all_that_matters(size):
    shown = status(alerts=[alert("the book has a gap")], malformed={"not-json": 3})

    text = drawn(shown, size, History(run_for_ns=60 * SECOND_NS))

    for wanted in [
        "READY",
        "PAPER",
        "SYNTHETIC MARKET",
        "1,234 events/s",
        "tick-to-order p50  41 µs",
        "p99  95 µs",
        "P&L +1.23 USDT",
        "up 0:00:41",
        "ends in 0:00:19",
        "BTCUSDT.BINANCE",
        "● live",
        "12 ms",
        "60,123.40",
        "60,123.46",
        "3 working",
        "partially filled",
        "+1.5821",
        "-0.2331",
        "0.1200",
        "ema-btc",
        "quoter-eth",
        "MAX_POSITION",
        "position would be 0.55, the limit is 0.5",
        "the book has a gap",
        "12.3 MiB",
        "malformed 3",
        "Ctrl-C drains and seals",
        "20261121T115900Z-paper-7f3a",
    ]:
        assert wanted in text


def test_a_large_terminal_is_shown_memory_balances_and_the_time():
    text = drawn(status(), (120, 40))

    for wanted in ["memory 143 MiB", "100,001.23", "2026-11-21 12:00:01 UTC", "lag 180 µs", "reconnects 0"]:
        assert wanted in text


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
def test_what_is_wrong_is_shown_even_among_hundreds(size):
    text = drawn(crowded_status(), size)

    assert "SOMETHING-NEW" in text
    assert "SYNTHETIC MARKET" in text
    assert "2 unknown" in text or "unknown" in text
    assert "down" in text
    assert "paused" in text
    assert "alert 49" in text
    assert "more, counted in P&L" in text


def test_feeds_with_a_fault_come_first_where_not_all_fit():
    feeds = [feed(f"C{n}.X") for n in range(50)] + [feed("LOST.X", connected=False), feed("OLD.X", stale=["quotes"])]

    text = drawn(status(feeds=feeds), (80, 24))

    assert "LOST.X" in text
    assert "stale quotes" in text
    assert "of them well" in text


def test_a_daemon_that_says_nothing_is_not_shown_as_if_it_did():
    assert "NO NEWS FOR 7.0 s" in drawn(status(), (80, 24), History(silent_ns=7 * SECOND_NS))
    assert "NO NEWS" not in drawn(status(), (80, 24), History(silent_ns=SECOND_NS))


def test_draining_and_the_end_are_told_instead_of_the_countdown():
    history = History(run_for_ns=60 * SECOND_NS)

    draining = drawn(status(state="DRAINING"), (80, 24), history)
    stopped = drawn(status(state="STOPPED"), (80, 24), history)

    assert "Ctrl-C again ends at once" in draining
    assert "ends in" not in draining
    assert "sealed" in stopped


def test_text_from_outside_cannot_command_the_terminal():
    evil = "\x1b[2J\x1b]0;owned\x07\r\nBUY\u202e"

    text = drawn(
        status(
            session=evil,
            state=evil,
            labels=[evil],
            alerts=[alert(evil)],
            refusals=[refusal(evil, evil)],
            feeds=[feed(evil, book=evil)],
        ),
        (120, 40),
    )

    assert not set(text) & {"\x1b", "\x07", "\r", "\u202e"}
    assert "\x1b" not in status_line(status(state=evil, labels=[evil]))


def test_the_same_refusal_in_a_row_is_one_line_with_a_count():
    rows = [refusal("A"), refusal("B", "first"), refusal("B", "second"), refusal("A")]

    assert [(row.code, row.message[:6], count) for row, count in grouped(rows)] == [
        ("A", "positi", 1),
        ("B", "second", 2),
        ("A", "positi", 1),
    ]


def test_prices_of_one_instrument_align_at_the_point():
    text = drawn(status(fills=[fill(price="60123.4"), fill(price="60123"), fill(price="60123.45")]), (80, 24))

    for price in ["60,123.40", "60,123.00", "60,123.45"]:
        assert price in text


# -- layout ------------------------------------------------------------------------------------------------------------

blocks = st.lists(
    st.builds(
        Block,
        rank=st.integers(0, 5),
        wanted=st.integers(1, 30),
        least=st.just(1),
        overhead=st.integers(0, 3),
        draw=st.just(lambda rows, width: []),
    ),
    max_size=7,
)


@given(blocks, st.integers(-5, 80))
def test_blocks_never_get_more_rows_than_there_are_or_than_they_want(wanted, height):
    rows = allot(wanted, height)

    assert sum(n + b.overhead for n, b in zip(rows, wanted, strict=True) if n) <= max(0, height)
    assert all(n <= b.wanted for n, b in zip(rows, wanted, strict=True))


@given(st.lists(st.lists(st.text(max_size=20), min_size=2, max_size=2), min_size=1, max_size=8), st.integers(1, 120))
def test_every_line_of_a_table_is_exactly_as_wide_as_asked_for(texts, width):
    columns = [
        Column(f"column {n}", [cell(text) for text in pair], right=n % 2 == 0, rank=n % 3, flexible=n % 4 == 0)
        for n, pair in enumerate(texts)
    ]

    lines = table(columns, width, first="", heading="")

    assert len(lines) == 3
    assert {line.cell_len for line in lines} == {width}


def test_a_narrow_table_leaves_out_what_matters_least_then_cuts_what_may_be_cut():
    columns = [
        Column("name", [cell("a very long name indeed")], flexible=True),
        Column("price", [cell("60,123.45")], right=True),
        Column("spread", [cell("0.01 bp")], right=True, rank=1),
    ]

    assert [line.plain for line in table(columns, 24, first="", heading="")] == [
        "name               price",
        "a very long …  60,123.45",
    ]


# -- words -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("latency_ns", "text"),
    [
        (-1, "-"),
        (0, "0 ns"),
        (850, "850 ns"),
        (1_200, "1.2 µs"),
        (41_300, "41 µs"),
        (999_999, "999 µs"),
        (12_000_000, "12 ms"),
        (SECOND_NS, "1.0 s"),
        (59 * SECOND_NS, "59 s"),
        (180 * SECOND_NS, "3 min"),
        (3 * 3600 * SECOND_NS, "3 h"),
    ],
)
def test_latencies_are_read_in_the_unit_that_suits_them(latency_ns, text):
    assert text == words.latency_text(latency_ns)


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (150_000_000, "143 MiB"), (1 << 50, "1024 TiB")]
)
def test_sizes_are_read_in_the_unit_that_suits_them(size, text):
    assert text == words.bytes_text(size)


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "0:00:00"), (41, "0:00:41"), (3_661, "1:01:01"), (2 * 86_400 + 3_661, "2 d 01:01:01")]
)
def test_durations_are_read_as_a_clock(seconds, text):
    assert text == words.duration_text(seconds * SECOND_NS)


@pytest.mark.parametrize(
    ("amount", "decimals", "text"),
    [("1234.5", 2, "+1,234.50"), ("-0.001", 2, "0.00"), ("-0.5", 2, "-0.50"), ("0", 2, "0.00")],
)
def test_money_is_signed_and_never_a_negative_zero(amount, decimals, text):
    assert text == words.money_text(Decimal(amount), decimals, signed=True)


def test_balances_keep_their_small_change():
    amounts = {"100001.2345": "100,001.23", "0.01000000": "0.01", "-0.35": "-0.35", "-0.000000001": "0"}

    assert {amount: words.balance_text(Decimal(amount)) for amount in amounts} == amounts
    assert words.balance_text(None) == "-"


def test_a_sparkline_shows_the_newest_values_between_their_least_and_their_largest():
    assert words.sparkline([9.0, 0.0, 5.0, 10.0], 3) == "▁▄█"
    assert words.sparkline([0.0, 0.0], 9) == "▁▁"
    assert words.sparkline([-3.0, -1.0], 9, from_zero=False) == "▁█"
    assert words.sparkline([1.0], 0) == ""


def test_the_history_keeps_one_value_a_second():
    recorder = Recorder()
    for quarter, rate in enumerate([10.0, 20.0, 30.0, 40.0, 50.0]):
        recorder.add(status(time_ns=NOON_NS + quarter * SECOND_NS // 4, events_per_s=rate))

    assert recorder.history().rates == (40.0, 50.0)
    assert recorder.history().profits == pytest.approx((1.229, 1.229))


def test_profit_is_kept_apart_by_currency_and_less_fees():
    profits = profits_of([position(), position("ETHBTC.X", realised="0.5", unrealised="?", fees="0.1", currency="BTC")])

    assert [(p.currency, p.net) for p in profits] == [("USDT", Decimal("1.2290")), ("BTC", Decimal("0.4"))]


# -- plain lines -------------------------------------------------------------------------------------------------------


def test_a_plain_line_has_the_same_words_in_the_same_places():
    assert status_line(status(labels=[])) == (
        "12:00:01 READY 1,234 ev/s  age 12 ms  tick-to-order p50 41 µs p99 95 µs"
        "  orders 3 working 12 filled 40 cancelled  P&L +1.23 USDT"
    )


def test_a_plain_line_before_the_first_order_has_dashes():
    assert status_line(empty_status()) == (
        "00:00:00 STARTING 0 ev/s  age -  tick-to-order p50 - p99 -  orders 0 working 0 filled  P&L 0.00"
    )


def test_a_plain_line_tells_labels_stale_feeds_and_malformed_frames():
    line = status_line(status(feeds=[feed(), feed("X.Y", stale=["book"])], malformed={"gap": 2, "not-json": 1}))

    assert "age 12 ms (1 of 2 feeds stale)" in line
    assert "malformed 3" in line
    assert line.endswith("[SYNTHETIC MARKET]")


def test_orders_of_unknown_outcome_are_working_and_told():
    orders = {"unknown": 2, "accepted": 1, "filled": 5}

    assert working_orders(orders) == 3
    assert "orders 3 working 2 unknown 5 filled" in status_line(status(orders=orders))


def test_lines_come_once_a_second_at_a_change_of_state_and_at_the_end():
    out = io.StringIO()
    view = LinesView(out)
    for quarter in range(9):
        view.show(status(time_ns=NOON_NS + quarter * SECOND_NS // 4))
    view.show(status(time_ns=NOON_NS + 9 * SECOND_NS // 4, state="DRAINING"))
    view.show(status(time_ns=NOON_NS + 10 * SECOND_NS // 4, state="DRAINING", events_per_s=7))
    view.close()

    assert [line.split()[:3] for line in out.getvalue().splitlines()] == [
        ["12:00:00", "READY", "1,234"],
        ["12:00:01", "READY", "1,234"],
        ["12:00:02", "READY", "1,234"],
        ["12:00:02", "DRAINING", "1,234"],
        ["12:00:02", "DRAINING", "7"],
    ]


# -- the live table ----------------------------------------------------------------------------------------------------


def test_the_live_table_begins_on_a_clean_screen_when_the_terminal_changes_its_size():
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120, height=40, _environ={})
    view = TableView(console, None)
    view.show(status())
    before = out.getvalue()
    console.size = (80, 24)
    view.show(status())
    view.close()

    assert "\x1b[2J" not in before
    assert "\x1b[2J" in out.getvalue()
    assert out.getvalue().endswith("\x1b[?25h"), "the cursor is given back"


def test_a_silent_daemon_before_its_first_status_draws_nothing():
    out = io.StringIO()
    view = TableView(Console(file=out, force_terminal=True, width=80, height=24, _environ={}), None)
    view.silent(SECOND_NS)
    view.close()

    assert out.getvalue() == ""


def test_a_status_survives_its_way_through_the_pipe():
    shown = crowded_status()

    assert msgspec.json.decode(msgspec.json.encode(shown), type=Status) == shown
