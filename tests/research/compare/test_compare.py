"""A session's orders beside what the simulated venue makes of them."""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from config.load import parse
from core.codec import decode_payload
from core.events import ReportType
from core.instruments import AssetClass
from core.market import mark_price_of
from core.money import MONEY_UNIT
from core.records import SELL_AGGRESSOR, Kind
from daemon.cli import main
from journal.reader import open_session
from research.compare.errors import NothingToCompare
from research.compare.report import report_text
from research.compare.rerun import Rerun
from research.compare.totals import compare
from research.history.head import Origin
from research.history.writing import HistoryWriter
from tests.research.backtest.made import SETTINGS, backtest, config, history, instrument, quotes


def _session(tmp_path, settings=SETTINGS, name="run"):
    """The journal of a backtest: a session whose venue is known to the nanosecond."""
    data = tmp_path / "wave"
    if not data.exists():
        history(data, quotes(400))
    if not (tmp_path / name).exists():
        backtest(config(settings, journal=True), data, out=tmp_path / name)
    return tmp_path / name / "journal"


def _compared(session, settings=None):
    sim = parse(settings).settings.paper.sim if settings else None
    with open_session(session) as reader:
        rerun = Rerun(reader, sim)
        rerun.run()
        return compare(rerun)


def test_a_session_that_traded_on_the_simulated_venue_is_the_same_to_the_unit(tmp_path):
    found = _compared(_session(tmp_path))
    assert found.orders > 10
    assert found.equal == found.orders
    assert {row.difference for row in (*found.rows, *found.instruments)} == {"0"}
    assert found.instruments[0].profit_real == found.instruments[0].profit_sim != "0"


def test_a_venue_that_gave_worse_prices_tells_how_many_ticks_the_simulator_should_have_charged(tmp_path):
    worse = SETTINGS + '\n[paper.sim.impact]\nmodel = "ticks"\nticks = 3\n'
    found = _compared(_session(tmp_path, worse), SETTINGS)
    [advice] = found.advice
    assert advice.takers == found.orders
    assert advice.ticks_missing == pytest.approx(3, abs=0.01)
    assert advice.slippage_missing_ppm == pytest.approx(3 / 6_000_000 * 1e6, rel=0.01)
    assert 'impact = { model = "ticks", ticks = 3 }' in report_text(found, 5)
    assert all(row.client_order_id in report_text(found, 5, whole=True) for row in found.rows[:1]), "piped: in full"
    assert _compared(_session(tmp_path, worse), worse).equal == found.orders


def test_what_the_difference_adds_up_to_is_the_sum_over_its_orders(tmp_path):
    worse = SETTINGS + '\n[paper.sim]\ntaker_fee_ppm = 2_000\n[paper.sim.impact]\nmodel = "ticks"\nticks = 3\n'
    found = _compared(_session(tmp_path, worse), SETTINGS)
    [row] = found.instruments
    assert Decimal(row.difference) == sum(Decimal(order.difference) for order in found.rows)
    # Three cents a unit more for 0.01 of each order, and a fee twice as high, which is all there is.
    with open_session(_session(tmp_path, worse)) as reader:
        rerun = Rerun(reader, parse(SETTINGS).settings.paper.sim)
        rerun.run()
    fees = sum(pair.real.fees["USDT"] - pair.sim.fees["USDT"] for pair in rerun.pairs.values())
    by_hand = -Decimal("0.0003") * found.orders - Decimal(fees) / MONEY_UNIT
    assert Decimal(row.difference) == pytest.approx(by_hand, abs=Decimal("0.00000001"))


def test_a_venue_that_answers_later_is_told_in_milliseconds(tmp_path):
    later = SETTINGS + "\n[paper.sim]\nentry_latency_ns = 50_000_000\nresponse_latency_ns = 30_000_000\n"
    [advice] = _compared(_session(tmp_path, later), SETTINGS).advice
    assert (advice.answered_real_ms, advice.answered_sim_ms) == (80.0, 8.0)


AMENDER = f"""
[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT"]

[[strategies]]
id = "amender"
use = "{Path(__file__).with_name("amender.py")}:Amender"
instruments = ["BTCUSDT.BINANCE"]

[risk]
max_order_notional = 50_000
max_position_notional = 1_000_000
max_price_deviation = "0.1"
max_orders_per_second = 100
max_orders_per_minute = 5_000
"""


def _amended(tmp_path, native, sim=""):
    """The journal of a backtest whose orders are changed while they work."""
    folder = tmp_path / str(native)
    rules = msgspec.structs.replace(instrument("BTCUSDT"), native=("replace",) if native else ())
    events = [event for event in quotes(600) for event in (event, _print(event))]
    with HistoryWriter(folder, Origin(kind="made up")) as writer:
        writer.begin([rules], events[0][3])
        writer.extend(events)
    backtest(config(AMENDER + sim, journal=True), folder, out=tmp_path / f"run-{native}{len(sim)}")
    return tmp_path / f"run-{native}{len(sim)}" / "journal"


def _print(quote):
    """A trade at the bid after a quote."""
    return (Kind.TRADE, SELL_AGGRESSOR, quote[2], quote[3] + 1_000, 0, quote[5], 10**6, quote[9], 0, 0)


@pytest.mark.parametrize("native", [True, False], ids=["at the venue", "by cancel and new order"])
def test_orders_that_were_replaced_are_compared_like_any_other(tmp_path, native):
    session = _amended(tmp_path, native)
    with open_session(session) as reader:
        sent: Any = [decode_payload(each.kind, each.payload) for each in reader.payloads((Kind.REPLACE,))]
        reports: Any = [decode_payload(each.kind, each.payload) for each in reader.payloads((Kind.REPORT,))]
    told = Counter(report.type for report in reports)
    assert len(sent) > 20
    assert {command.native for command in sent} == {native}
    assert (told[ReportType.REPLACED] > 20) is native
    found = _compared(session)
    assert found.equal == found.orders > 10
    assert not [row for row in found.rows if row.skipped]
    assert sum(row.replaced for row in found.rows) == len(sent)
    assert sum(row.real.slippage_ppm is not None for row in found.rows) > 5
    assert "replaced 2 x" in report_text(found, 50)


def test_an_inverse_contract_is_backtested_and_compared_in_its_coin(tmp_path):
    contract = msgspec.structs.replace(
        instrument("BTCUSDT"), asset_class=AssetClass.PERPETUAL, quote="USD", inverse=True, multiplier=100,
        size_precision=0, lot=1, native=("replace",),
    )  # fmt: skip
    events = quotes(600)
    with HistoryWriter(tmp_path / "data", Origin(kind="made up")) as writer:
        writer.begin([contract], events[0][3])
        writer.extend(events)
    text = AMENDER.replace("max_order_notional = 50_000", "max_order_notional = 5_000_000")
    text = text.replace("max_position_notional = 1_000_000", "max_position_notional = 50_000_000")
    done = backtest(config(text, journal=True), tmp_path / "data", out=tmp_path / "run")
    found = _compared(tmp_path / "run" / "journal")
    assert found.equal == found.orders > 10
    [row] = found.instruments
    assert row.currency == "BTC"
    position, mark = done.engine.manager.position(0), mark_price_of(done.engine.markets[0])
    ledger = Decimal(position.realised_money + position.unrealised(mark) - position.fees) / MONEY_UNIT
    assert Decimal(row.profit_real) == pytest.approx(ledger, abs=Decimal("1e-8"))
    assert ledger != 0
    # A contract of 100 USD at about 60,000: the prices of the rows are the harmonic means of their fills.
    filled = [each for each in found.rows if each.real.price]
    assert filled
    assert all(59_000 < float(each.real.price) < 61_000 for each in filled)
    fees = sum(Decimal(each.real.fees["BTC"]) for each in filled)
    assert 0 < fees < 1


def test_a_replaced_order_is_measured_by_the_touch_at_which_it_was_replaced(tmp_path):
    session = _amended(tmp_path, True, '\n[paper.sim.impact]\nmodel = "ticks"\nticks = 3\n')
    [advice] = _compared(session, AMENDER).advice
    assert advice.takers > 5
    assert 0 < advice.ticks_missing <= 3


def test_a_history_has_nothing_to_compare(tmp_path):
    with (
        open_session(history(tmp_path / "wave", quotes(10))) as reader,
        pytest.raises(NothingToCompare, match="nobody"),
    ):
        Rerun(reader)


def test_the_command_tells_the_orders_that_differ_most_and_every_order_as_json(tmp_path, capfd):
    worse = SETTINGS + '\n[paper.sim.impact]\nmodel = "ticks"\nticks = 3\n'
    session = _session(tmp_path, worse)
    settings = tmp_path / "plain.toml"
    settings.write_text(SETTINGS)
    assert main(["compare", str(session), "-c", str(settings), "--limit", "3"]) == 0
    shown = capfd.readouterr().out
    assert "more with smaller differences" in shown
    assert "it should have charged" in shown
    assert main(["compare", str(session), "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert len(told["rows"]) == told["orders"] == told["equal"]


def test_a_session_without_orders_is_refused_with_a_sentence(tmp_path, capfd):
    data = history(tmp_path / "wave", quotes(3))
    backtest(config(journal=True), data, out=tmp_path / "run")
    assert main(["compare", str(tmp_path / "run" / "journal")]) == 2
    assert "sent no order" in capfd.readouterr().err
