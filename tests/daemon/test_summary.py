import io
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from daemon.summary import Summary, print_summary, render_summary, summary_rows, summary_text
from tests.daemon.status_samples import position

REPLAY = "tickerd replay var/sessions/20261121T115900Z-paper-7f3a --verify"


def summary(**changes: object) -> Summary:
    base = Summary(
        session="var/sessions/20261121T115900Z-paper-7f3a",
        state="ended",
        reason="ran for 60 s as asked",
        duration_ns=60_000_000_000,
        inputs=1_234_567,
        effects=2_345,
        orders={"filled": 12, "cancelled": 40, "rejected": 0},
        fills=13,
        refusals={"PRICE_COLLAR": 1, "MAX_POSITION": 3},
        malformed={},
        positions=[position(), position("ETHUSDT.BINANCE", quantity="0", unrealised="0")],
        tick_to_order_p50_ns=41_300,
        tick_to_order_p99_ns=95_200,
        digest="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        replay=REPLAY,
        labels=["synthetic market"],
    )
    return msgspec.structs.replace(base, **changes)


def card(shown: Summary, width: int) -> str:
    console = Console(width=width, record=True, file=io.StringIO(), color_system=None)
    console.print(render_summary(shown, width), end="")
    return console.export_text()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_tell_the_whole_session():
    assert (
        summary_text(summary())
        == f"""\
state      ended, SYNTHETIC MARKET
session    var/sessions/20261121T115900Z-paper-7f3a
ran        0:01:00  ran for 60 s as asked
journal    1,234,567 inputs  2,345 effects
latency    tick-to-order p50 41 µs  p99 95 µs
orders     40 cancelled  12 filled
fills      13
P&L        +2.69 USDT  realised +3.16  unrealised -0.23  fees 0.24
position   0.01 BTCUSDT.BINANCE at 60,100.12, now 60,123.43
refused    3 MAX_POSITION  1 PRICE_COLLAR
digest     9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
replay     {REPLAY}
"""
    )


def test_a_session_without_orders_says_so_and_leaves_out_what_there_is_not():
    text = summary_text(
        summary(
            orders={}, fills=0, refusals={}, positions=[], tick_to_order_p50_ns=0, tick_to_order_p99_ns=0, labels=[]
        )
    )

    assert "orders     none" in text
    assert "refused    none" in text
    for absent in ("latency", "P&L", "position", "malformed", "SYNTHETIC"):
        assert absent not in text


def test_what_was_carried_over_is_said_to_be():
    rows = {
        row.name: row.text
        for row in summary_rows(summary(carried_from="20260101T000000Z-live", carried_orders=122, fills=0))
    }
    assert rows["carried"] == "counted in: 122 orders, positions and P&L of before, from 20260101T000000Z-live"
    assert rows["fills"] == "0 in this session"


def test_profit_is_told_by_currency():
    text = summary_text(summary(positions=[position(), position("ETHBTC.X", currency="BTC", realised="-0.5")]))

    assert "P&L        +1.23 USDT" in text
    assert "P&L        -0.8531 BTC  realised -0.5000  unrealised -0.2331  fees 0.1200" in text


def test_malformed_frames_are_told_by_reason():
    assert "malformed  7 gap  2 not-json" in summary_text(summary(malformed={"not-json": 2, "gap": 7}))


def test_the_card_has_the_same_rows_and_says_what_it_was_in_its_title():
    text = card(summary(), 100)

    assert text.startswith("╭─ session ended, SYNTHETIC MARKET ─")
    for line in summary_text(summary()).splitlines()[1:-1]:
        assert line in text


@pytest.mark.parametrize("width", [30, 40, 60, 80, 100, 300])
def test_the_card_keeps_its_shape_on_any_terminal_and_loses_nothing(width):
    lines = card(summary(refusals={f"A_VERY_LONG_CODE_{n}": n for n in range(1, 30)}), width).splitlines()

    assert {cell_len(line) for line in lines} == {min(width, 100)}
    if width >= 40:
        assert all(any(f"A_VERY_LONG_CODE_{n}" in line for line in lines) for n in range(1, 30))


def test_a_crash_is_red_and_an_end_is_green():
    def colours(shown: Summary) -> str:
        out = Terminal()
        Console(file=out, force_terminal=True, color_system="256", width=80).print(render_summary(shown, 80))
        return out.getvalue().splitlines()[0]

    assert colours(summary()) != colours(summary(state="crashed")).replace("crashed", "ended")


def test_without_a_terminal_plain_lines_are_printed():
    out = io.StringIO()
    print_summary(summary(), out)

    assert out.getvalue() == summary_text(summary())


def test_the_command_below_the_card_can_be_copied_whole(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm-256color")
    command = "tickerd replay " + "very/long/" * 20 + " --verify"
    out = Terminal()
    print_summary(summary(replay=command), out)

    assert command in out.getvalue()


def test_the_struct_is_its_own_json():
    fields = json.loads(msgspec.json.encode(summary()))

    assert fields["replay"] == REPLAY
    assert fields["orders"] == {"filled": 12, "cancelled": 40, "rejected": 0}
    assert msgspec.json.decode(msgspec.json.encode(summary()), type=Summary) == summary()


texts = st.text(max_size=60)
counts = st.dictionaries(texts, st.integers(0, 2**63 - 1), max_size=3)


@given(texts, texts, texts, counts, counts, counts, st.integers(1, 140))
def test_any_summary_can_be_shown(session, reason, digest, orders, refusals, malformed, width):
    shown = summary(
        session=session,
        state=reason,
        reason=reason,
        digest=digest,
        orders=orders,
        refusals=refusals,
        malformed=malformed,
        positions=[position(session, realised=reason, currency=reason)],
        labels=[reason],
    )

    text = card(shown, width)
    assert all(cell_len(line) <= width for line in text.splitlines())
    assert all(c == "\n" or c.isprintable() for c in text + summary_text(shown))
