"""All figures of one snapshot, each compared with the same formula done by hand on the same history."""

import msgspec
import numpy as np
import pytest

from core.money import money
from core.portfolio import PortfolioRisk
from risk.portfolio.errors import TooFewObservations
from risk.portfolio.greeks import Option, greeks
from risk.portfolio.measure import measure
from risk.portfolio.messages import Held, Measures, OptionHeld, Snapshot
from risk.portfolio.returns import Floats, Prices, prices
from risk.portfolio.scenarios import HISTORICAL
from risk.portfolio.var import historical, normal

MINUTE = 60_000_000_000
BARS = 300
MEASURES = Measures(bar_ns=MINUTE, least=30, benchmark="ETH", recent=100, simulations=2_000, scenarios=HISTORICAL)


def walk(seed: int, start: float = 100.0) -> Floats:
    steps = np.random.Generator(np.random.PCG64(seed)).standard_normal(BARS) * 0.01
    return np.asarray(start * np.exp(np.concatenate([[0.0], np.cumsum(steps)])))


def history(closes: Floats) -> Prices:
    return prices(np.arange(len(closes)) * MINUTE, closes)


def returns(closes: Floats) -> Floats:
    return np.asarray(closes[1:] / closes[:-1] - 1)


BTC, ETH = walk(1, 60_000.0), walk(2, 2_500.0)
HISTORIES = {"BTC": history(BTC), "ETH": history(ETH)}
LONG = Held(name="BTC", factor="BTC", value=6_000.0, symbol="BTC", sector="layer-1", asset_class="crypto")
SHORT = Held(name="ETH", factor="ETH", value=-2_000.0, symbol="ETH", sector="layer-2", asset_class="crypto")


def snapshot(*holdings: Held) -> Snapshot:
    return Snapshot(time_ns=7, base_currency="USDT", holdings=holdings)


def units(text: str) -> float:
    return int(text) / 1e18


def test_the_figures_are_those_of_the_profit_that_today_would_have_made():
    told = measure(snapshot(LONG, SHORT), HISTORIES, MEASURES)
    pnl = 6_000 * returns(BTC) - 2_000 * returns(ETH)

    for confidence, var, es in ((0.95, told.var_95, told.es_95), (0.99, told.var_99, told.es_99)):
        expected = historical(pnl, confidence)
        assert (units(var), units(es)) == pytest.approx(expected, abs=1e-6)
    assert (units(told.gross), units(told.net), told.bars) == (8_000.0, 4_000.0, BARS)
    assert (told.top, told.top_share, told.hhi) == ("BTC", 0.75, 0.625)
    assert (told.as_of_ns, told.base_currency, told.problem, told.method) == (7, "USDT", "", "historical")
    slope = np.polyfit(returns(ETH), pnl, 1)[0]
    assert (units(told.beta_money), told.beta) == pytest.approx((slope, slope / 8_000), abs=1e-6)
    assert told.correlations == pytest.approx([np.corrcoef(returns(BTC), returns(ETH))[0, 1]], rel=1e-9)


def test_whose_var_limits_read_is_a_choice_and_all_are_told():
    told = measure(snapshot(LONG), HISTORIES, msgspec.structs.replace(MEASURES, method="normal", covariance="sample"))
    pnl = 6_000 * returns(BTC)

    expected = normal(float(pnl.mean()), float(pnl.std(ddof=1)), 0.99)

    assert (units(told.var_99), units(told.es_99)) == pytest.approx(expected, abs=1e-6)
    assert {(each.method, each.confidence_ppm) for each in told.tails} == {
        (method, level)
        for method in ("historical", "normal", "cornish-fisher", "monte-carlo")
        for level in (950_000, 990_000)
    }


def test_a_correction_that_does_not_hold_is_left_out_and_the_normal_figures_stand_for_it():
    turns = np.where(np.arange(BARS + 1) % 2, 1.01, 1 / 1.01)  # two values: thinner tails than any
    zigzag = np.asarray(100.0 * np.cumprod(turns), np.float64)
    measures = msgspec.structs.replace(MEASURES, method="cornish-fisher")

    told = measure(snapshot(LONG), {"BTC": history(zigzag)}, measures)

    assert told.method == "normal"
    assert "cornish-fisher" not in {each.method for each in told.tails}
    assert units(told.es_99) > units(told.var_99)


def test_the_worst_scenario_is_named_with_its_loss_in_whole_money():
    told = measure(snapshot(LONG, SHORT), HISTORIES, MEASURES)

    losses = {each.scenario: each.loss for each in told.stress}
    assert losses["2022-ftx"] == str(money("876"))  # 6000 x 25.4 % less 2000 x 32.4 %
    assert losses["rotation-layer-1-layer-2"] == str(money("800"))
    worst = max(losses.values(), key=int)
    assert told.stress_worst == worst
    assert losses[told.stress_scenario] == worst


def test_what_has_no_history_is_told_with_its_money_and_left_out_of_the_rest():
    new = Held(name="SOL", factor="SOL", value=500.0, symbol="SOL")

    told, without = measure(snapshot(LONG, new), HISTORIES, MEASURES), measure(snapshot(LONG), HISTORIES, MEASURES)

    assert told.left_out == ("SOL",)
    assert told.unmeasured == str(money("500"))
    assert told.var_99 == without.var_99
    assert units(told.gross) == 6_500.0


def test_too_little_history_has_no_figures_and_says_how_much_there_is():
    with pytest.raises(TooFewObservations, match=r"need 31 bars of 60 s and have \{'BTC': 3\}"):
        measure(snapshot(LONG), {"BTC": history(BTC[:3])}, MEASURES)


def test_who_holds_nothing_risks_nothing():
    told = measure(snapshot(), HISTORIES, MEASURES)

    assert (told.var_99, told.stress_worst, told.problem) == ("0", "0", "")


def test_an_option_is_its_delta_and_its_curvature():
    option = OptionHeld(call=True, strike=60_000, years=0.25, units=0.1, mark=4_000.0, spot=61_000.0)
    held = Held(name="C60", factor="BTC", value=0.0, symbol="BTC", asset_class="crypto", option=option)

    told = measure(snapshot(held), HISTORIES, MEASURES)

    found = greeks(Option(True, 60_000, 0.25), 61_000.0, 0.2884)
    assert units(told.delta) == pytest.approx(found.delta * 0.1 * 61_000, rel=0.01)
    assert units(told.gross) == units(told.delta)
    assert units(told.gamma) > 0 > units(told.theta)
    hedged = Held(name="BTC", factor="BTC", value=-units(told.delta), symbol="BTC", asset_class="crypto")
    assert units(measure(snapshot(held, hedged), HISTORIES, MEASURES).es_99) < 1.0  # what is left gains either way


def test_an_option_that_cannot_be_priced_is_told():
    option = OptionHeld(call=True, strike=60_000, years=0.25, units=0.1, mark=1.0, spot=99_000.0)

    told = measure(snapshot(LONG, Held(name="C60", factor="BTC", value=0.0, option=option)), HISTORIES, MEASURES)

    assert told.left_out == ("C60",)


def test_a_correlation_that_broke_is_told_with_both_values():
    follows = ETH.copy()
    follows[:201] = 50.0 * np.cumprod(np.concatenate([[1.0], 1 + returns(BTC)[:200]]))
    follows[201:] = follows[200] * np.cumprod(1 - returns(BTC)[200:])

    told = measure(snapshot(LONG, SHORT), {"BTC": HISTORIES["BTC"], "ETH": history(follows)}, MEASURES)

    assert [(each.first, each.second, round(each.before), round(each.after)) for each in told.breaks] == [
        ("BTC", "ETH", 1, -1)
    ]


def test_a_benchmark_that_stands_still_or_is_unknown_is_left_out():
    still = {**HISTORIES, "ETH": history(np.full(BARS + 1, 5.0))}

    for histories in (still, {"BTC": HISTORIES["BTC"]}):
        assert measure(snapshot(LONG), histories, MEASURES).benchmark == ""


def test_the_same_snapshot_has_the_same_figures_and_they_survive_the_wire():
    first, again = (measure(snapshot(LONG, SHORT), HISTORIES, MEASURES) for _ in range(2))

    assert first == again
    assert msgspec.json.decode(msgspec.json.encode(first), type=PortfolioRisk) == first
