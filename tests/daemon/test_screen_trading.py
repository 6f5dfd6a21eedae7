"""What the screen says of trading for real, and of what needs a person."""

import io

import msgspec
import pytest
from rich.console import Console

from daemon.screen import colours
from daemon.screen.history import History
from daemon.screen.lines import status_line
from daemon.screen.needs import needs_of
from daemon.screen.render import render
from daemon.status import Status
from tests.daemon.status_samples import SECOND_NS, account, alert, freeze, live_status, status, venue

SIZES = [(80, 24), (100, 30), (120, 40)]
BALANCE = "balance of BTC: 0.52 at the venue, 0.51 in our books"


def drawn(shown: Status, size: tuple[int, int]) -> str:
    width, height = size
    console = Console(width=width, height=height, record=True, file=io.StringIO(), color_system=None)
    console.print(render(shown, History(), width, height), end="")
    return " ".join(console.export_text().replace("│", " ").split())


def reds(shown: Status, size: tuple[int, int] = (120, 40)) -> list[str]:
    """Every piece of text that is drawn in red."""
    frame = render(shown, History(), *size)
    console = Console(width=size[0], height=size[1], force_terminal=True, color_system="truecolor")
    red = {console.get_style(colours.BAD).color, console.get_style(colours.ALARM).bgcolor}
    return [
        piece.text.strip()
        for piece in console.render(frame)
        if piece.style and ({piece.style.color, piece.style.bgcolor} & red) and piece.text.strip()
    ]


@pytest.mark.parametrize("size", SIZES)
def test_links_books_unknown_orders_allowances_and_clock_are_on_one_line(size):
    shown = drawn(live_status(venue(unknown_orders=2, unknown_age_ns=5 * SECOND_NS)), size)
    weight = "8% 2% -1.2 ms" if size[0] == 80 else "500/6,000 2/100 -1.2 ms of 500 ms"
    assert f"BINANCE ● up ● up ● up agreed 12 s 2, 5.0 s {weight}" in shown
    assert "foreign orders 0 (policy: halt) by REST 1 lease main, orders t15wu8x4w…" in shown


@pytest.mark.parametrize("size", SIZES)
def test_a_comparison_under_way_says_its_step_and_what_it_waits_for(size):
    busy = venue(books="comparing", step="fills", waits_for=["fills of BTCUSDT.BINANCE"])
    text = drawn(msgspec.structs.replace(live_status(busy), state="RECONCILING"), size)
    assert "BINANCE opens nothing yet: comparing fills, waits for fills of BTCUSDT" in text


def test_a_link_that_is_not_up_yet_is_what_the_books_wait_for():
    away = venue(orders="down", private="down", books="waiting", step="its link to come up", last_error="no route")
    assert "opens nothing yet: waits for its link to come up; last error: no route" in drawn(
        live_status(away), (120, 40)
    )


@pytest.mark.parametrize("size", SIZES)
def test_a_frozen_instrument_is_told_with_what_to_do_next_before_anything_else(size):
    text = drawn(live_status(venue(books="broken"), freezes=[freeze()]), size)
    assert f"FROZEN BTCUSDT.BINANCE since 11:58:30: {BALANCE}" in text
    assert "`tickerd release` accepts what differs" in text
    assert text.index("FROZEN") < text.index("● live")


@pytest.mark.parametrize("size", SIZES)
def test_a_halt_is_told_with_the_command_that_ends_it(size):
    text = drawn(live_status(freezes=[freeze("", reason="order 77 is not ours")]), size)
    assert "HALTED since 11:58:30: order 77 is not ours" in text
    assert "`tickerd release` lets orders open again" in text


def test_what_needs_nobody_is_told_as_no_need():
    paused = freeze(state="paused", until_ns=10**19)
    young = venue(unknown_orders=1, unknown_age_ns=59 * SECOND_NS, orders="down", link="maintenance")
    assert needs_of(status()) == []
    assert needs_of(live_status(young, freezes=[paused])) == []


def test_old_unknown_orders_and_a_clock_that_is_off_need_a_person():
    old = venue(unknown_orders=2, unknown_age_ns=61 * SECOND_NS, clock_offset_ns=612_000_000)
    first, second = needs_of(live_status(old))
    assert first.what == "2 orders are UNKNOWN at BINANCE since 61 s"
    assert "+612 ms apart, more than 500: nothing opens" in second.what
    assert "NTP" in second.next


def test_a_session_since_whose_start_something_was_frozen_says_so():
    (need,) = needs_of(live_status(freezes=[freeze(since_ns=0)]))
    assert "since an earlier session" in need.what


def test_nothing_is_red_on_a_venue_that_is_well_and_what_needs_a_person_is():
    calm = msgspec.structs.replace(
        live_status(venue(orders="down", books="comparing", step="fills")),
        labels=["synthetic market"],
        fills=[],
        positions=[],
        alerts=[alert("released", "info"), alert("slow", "warning"), alert(BALANCE, "error", "FROZEN")],
    )
    assert reds(calm) == []
    assert any(
        BALANCE in text for text in reds(msgspec.structs.replace(calm, live=live_status(freezes=[freeze()]).live))
    )
    assert any("overfill" in text for text in reds(msgspec.structs.replace(calm, alerts=[alert("overfill")])))


def test_equity_says_what_it_leaves_out_and_balances_their_rates_and_holds():
    text = drawn(live_status(), (120, 40))
    assert "equity 100,602.47 USDT without BNB" in text
    assert "USDT 100,001.23 132.40 - 100,001.23" in text
    assert "BTC 0.01 - 60,123.43 601.23" in text
    assert "dust: 0.00004 of ETHUSDT.BINANCE" in text


def test_a_small_screen_has_the_balances_on_one_line():
    assert "BALANCES 100,001.23 USDT (132.40 held) 0.01 BTC" in drawn(live_status(), (80, 24))


def test_an_account_without_a_currency_to_count_in_shows_no_equity():
    shown = status(account=account(base_currency="", equity="", unpriced=[]))
    assert "equity" not in drawn(shown, (120, 40))


def test_the_venues_timer_is_shown_where_there_is_one():
    assert "BINANCE timer 58 s" in drawn(live_status(venue(dead_man_ns=58 * SECOND_NS)), (120, 40))
    assert "BINANCE timer not armed" in drawn(live_status(venue(dead_man_ns=0)), (120, 40))
    assert "timer" not in drawn(live_status(), (120, 40))


def test_a_plain_line_says_how_the_books_stand_and_what_is_held_back():
    line = status_line(live_status(venue(books="broken"), freezes=[freeze(""), freeze()]))
    assert "  BINANCE books broken  halted  frozen BTCUSDT.BINANCE" in line
