"""All figures of one snapshot: holdings and price histories in, one `PortfolioRisk` out. Pure, so it can be tested."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from core.money import MONEY_UNIT
from core.portfolio import BreakFigure, PortfolioRisk, StressFigure, TailFigure
from risk.portfolio.beta import beta_of
from risk.portfolio.concentration import concentration
from risk.portfolio.correlation import correlation_of, matrix_break, pair_breaks
from risk.portfolio.covariance import deviation_of, ewma_covariance, ledoit_wolf, sample_covariance
from risk.portfolio.errors import NotComparable, NotPriced, TooFewObservations
from risk.portfolio.greeks import Greeks, Option, greeks, implied_volatility
from risk.portfolio.messages import Held, Measures, Snapshot
from risk.portfolio.paths import path_risk, simulate, simulate_paths
from risk.portfolio.returns import Floats, Prices, ReturnMatrix, align
from risk.portfolio.stress import Holding, StressResult, rotations, stress, worst_of
from risk.portfolio.var import TailRisk, cornish_fisher, cornish_fisher_holds, historical, moments_of, normal

CONFIDENCES = (0.95, 0.99)
PATHS = 1_000
_TOTAL = Greeks(0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


class Exposure(NamedTuple):
    """Exposures by factor, aligned with returns: money per return (N,), and per squared return (N,)."""

    values: Floats
    gammas: Floats

    def pnl(self, returns: Floats) -> Floats:
        """Return the P&L of returns (T, N), to second order."""
        return np.asarray(returns @ self.values + 0.5 * (returns**2) @ self.gammas)


def measure(snapshot: Snapshot, histories: Mapping[str, Prices], measures: Measures) -> PortfolioRisk:
    """Return the figures of a snapshot. Raises PortfolioError where the histories carry none."""
    holdings, options, unpriced = _priced(snapshot, measures)
    factors = {each.name: each.factor for each in snapshot.holdings}
    common = PortfolioRisk(as_of_ns=snapshot.time_ns, base_currency=snapshot.base_currency, method=measures.method)
    fields: dict[str, object] = {"left_out": tuple(sorted({*snapshot.unpriced, *unpriced}))}
    if holdings:
        fields |= _of_holdings(holdings, factors, histories, measures, fields["left_out"])
        fields |= _stressed(holdings, measures)
        fields |= _option_totals(options)
    return _with(common, fields)


def _with(common: PortfolioRisk, fields: dict[str, object]) -> PortfolioRisk:
    """Return the figures with these fields."""
    given = {name: getattr(common, name) for name in common.__struct_fields__}
    return PortfolioRisk(**{**given, **fields})


def _of_holdings(
    holdings: list[Holding],
    factors: Mapping[str, str],
    histories: Mapping[str, Prices],
    measures: Measures,
    untold: object,
) -> dict[str, object]:
    """Return what the histories say of the holdings, and which have too little history to say anything."""
    wanted = sorted({factors[each.name] for each in holdings})
    known = {name: histories[name] for name in wanted if name in histories}
    enough = {name: each for name, each in known.items() if len(each.closes) > measures.least}
    missing = [each for each in holdings if factors[each.name] not in enough]
    if not enough:
        told = {name: len(known[name].closes) if name in known else 0 for name in wanted}
        raise TooFewObservations(
            f"the held need {measures.least + 1} bars of {measures.bar_ns / 1e9:g} s and have {told}: wait, or give "
            "history in [portfolio.seed_files]"
        )
    matrix = align(enough, step_ns=measures.bar_ns, least=measures.least + 1)
    if len(matrix.returns) < measures.least:
        raise TooFewObservations(
            f"{len(matrix.returns)} bars follow each other for all of {', '.join(matrix.names)}, {measures.least} are "
            f"needed; lacking: {matrix.missing}"
        )
    exposure = _exposure([each for each in holdings if each not in missing], factors, matrix)
    spread = concentration([(each.symbol or each.name, each.value) for each in holdings])
    assert isinstance(untold, tuple)
    return {
        "bars": len(matrix.returns),
        "gross": _money(spread.gross),
        "net": _money(math.fsum(each.value for each in holdings)),
        "unmeasured": _money(math.fsum(abs(each.value) for each in missing)),
        "left_out": tuple(sorted({*untold, *(each.name for each in missing)})),
        "hhi": spread.hhi,
        "top": spread.top,
        "top_share": spread.top_share,
        **_tails(exposure, matrix, measures),
        **_against(exposure, matrix, histories, measures, spread.gross),
        **_correlated(matrix, measures),
    }


def _exposure(holdings: list[Holding], factors: Mapping[str, str], matrix: ReturnMatrix) -> Exposure:
    """Return exposures in the order of the matrix's columns."""
    values, gammas = np.zeros(len(matrix.names)), np.zeros(len(matrix.names))
    for each in holdings:
        column = matrix.names.index(factors[each.name])
        values[column] += each.value
        gammas[column] += each.gamma
    return Exposure(values, gammas)


def _tails(exposure: Exposure, matrix: ReturnMatrix, measures: Measures) -> dict[str, object]:
    """Return VaR and shortfall by every method; the normal ones are of first order, the others of second."""
    horizon, mean = measures.horizon, matrix.returns.mean(axis=0)
    covariance = _covariance(matrix.returns, measures)
    past = exposure.pnl(matrix.returns)
    moments = moments_of(past)
    drawn = simulate(mean, covariance, measures.simulations, measures.seed, horizon=horizon, degrees=measures.degrees)
    simulated = exposure.pnl(drawn)
    drift, deviation = float(mean @ exposure.values), deviation_of(exposure.values, covariance)
    found: dict[tuple[str, float], TailRisk] = {}
    for confidence in CONFIDENCES:
        found["historical", confidence] = historical(past, confidence, horizon=horizon)
        found["normal", confidence] = normal(drift, deviation, confidence, horizon)
        found["monte-carlo", confidence] = historical(simulated, confidence)
    if all(cornish_fisher_holds(moments, confidence, horizon) for confidence in CONFIDENCES):
        for confidence in CONFIDENCES:
            found["cornish-fisher", confidence] = cornish_fisher(moments, confidence, horizon)
    method = measures.method if (measures.method, CONFIDENCES[0]) in found else "normal"
    paths = simulate_paths(mean, covariance, measures.path_bars, PATHS, measures.seed, degrees=measures.degrees)
    ends = path_risk(exposure.values, paths, CONFIDENCES[-1])
    chosen = [found[method, confidence] for confidence in CONFIDENCES]
    return {
        "method": method,
        "var_95": _money(chosen[0].var),
        "es_95": _money(chosen[0].es),
        "var_99": _money(chosen[1].var),
        "es_99": _money(chosen[1].es),
        "path_loss_99": _money(ends.var),
        "path_drawdown_99": _money(ends.drawdown_var),
        "tails": tuple(
            TailFigure(method, round(confidence * 1_000_000), _money(tail.var), _money(tail.es))
            for (method, confidence), tail in found.items()
        ),
    }


def _covariance(returns: Floats, measures: Measures) -> Floats:
    """Return the covariance as it was asked for."""
    if measures.covariance == "ewma":
        return ewma_covariance(returns, measures.decay)
    if measures.covariance == "sample":
        return sample_covariance(returns)
    return ledoit_wolf(returns).covariance


def _against(
    exposure: Exposure, matrix: ReturnMatrix, histories: Mapping[str, Prices], measures: Measures, gross: float
) -> dict[str, object]:
    """Return the beta to the benchmark over the bars that it shares, nothing where there is none."""
    name = measures.benchmark
    if name not in histories:
        return {}
    beside = {**{each: histories[each] for each in matrix.names}, name: histories[name]}
    try:
        together = align(beside, step_ns=measures.bar_ns)
        own = [together.names.index(each) for each in matrix.names]
        beta = beta_of(exposure.pnl(together.returns[:, own]), together.column(name))
    except (NotComparable, TooFewObservations):
        return {}  # a benchmark that stood still, or began just now: `benchmark` stays empty, which says so
    return {"benchmark": name, "beta_money": _money(beta.beta), "beta": beta.beta / gross if gross else 0.0}


def _correlated(matrix: ReturnMatrix, measures: Measures) -> dict[str, object]:
    """Return the correlations, and which broke between the recent bars and those before."""
    size = len(matrix.names)
    table = correlation_of(sample_covariance(matrix.returns))
    told: dict[str, object] = {
        "names": matrix.names,
        "correlations": tuple(float(table[i, j]) for i in range(size) for j in range(i + 1, size)),
    }
    before, after = matrix.returns[: -measures.recent], matrix.returns[-measures.recent :]
    if size < 2 or len(before) < measures.least or len(after) < measures.least:
        return told
    broken = [each for each in pair_breaks(matrix.names, before, after) if each.adjusted < measures.break_level]
    told["breaks"] = tuple(
        BreakFigure(each.first, each.second, each.before, each.after, each.adjusted) for each in broken
    )
    try:
        told["matrix_p_value"] = matrix_break(before, after).p_value
    except NotComparable:
        told["matrix_p_value"] = 1.0  # names that move as one have no such test; the pairs have been told
    return told


def _stressed(holdings: list[Holding], measures: Measures) -> dict[str, object]:
    """Return what every scenario does, the worst loss first of all; one that knows none of the held says nothing."""
    scenarios = [*measures.scenarios, *(rotations(holdings, measures.rotation) if measures.rotation else ())]
    results: list[StressResult] = [
        result for result in (stress(holdings, each) for each in scenarios) if len(result.uncovered) < len(holdings)
    ]
    worst = worst_of(results)
    if worst is None:
        return {"uncovered": tuple(each.name for each in holdings)}
    return {
        "stress": tuple(StressFigure(each.scenario, _money(-each.pnl)) for each in results),
        "stress_worst": _money(max(0.0, -worst.pnl)),
        "stress_scenario": worst.scenario,
        "uncovered": worst.uncovered,
    }


def _priced(snapshot: Snapshot, measures: Measures) -> tuple[list[Holding], list[Greeks], list[str]]:
    """Return the holdings with options by their Greeks, the options' own in money, and what has no price."""
    holdings, options, unpriced = [], [], []
    for each in snapshot.holdings:
        if each.option is None:
            holdings.append(Holding(each.name, each.value, each.symbol, each.sector, each.asset_class))
            continue
        try:
            found = _option_money(each, measures)
        except NotPriced:
            unpriced.append(each.name)
            continue
        options.append(found)
        holdings.append(
            Holding(each.name, found.delta, each.symbol, each.sector, each.asset_class, found.gamma, found.vega)
        )
    return holdings, options, unpriced


def _option_money(held: Held, measures: Measures) -> Greeks:
    """Return an option's Greeks as money per return of its underlying. Raises NotPriced."""
    terms = held.option
    assert terms is not None
    option = Option(terms.call, terms.strike, terms.years, measures.rate, 0.0, terms.futures)
    found = greeks(option, terms.spot, implied_volatility(option, terms.spot, terms.mark))
    scale = terms.units * terms.to_base
    return Greeks(
        price=found.price * scale,
        delta=found.delta * scale * terms.spot,
        gamma=found.gamma * scale * terms.spot**2,
        vega=found.vega * scale,
        theta=found.theta * scale,
        rho=found.rho * scale,
    )


def _option_totals(options: list[Greeks]) -> dict[str, object]:
    """Return the sums of the options' Greeks, as money."""
    totals = Greeks(*(math.fsum(column) for column in zip(_TOTAL, *options, strict=True)))
    return {name: _money(getattr(totals, name)) for name in ("delta", "gamma", "vega", "theta", "rho")}


def _money(amount: float) -> str:
    """Return a float of the base currency as money, in text. Raises TooFewObservations for what is no number."""
    if not math.isfinite(amount):
        raise TooFewObservations("a figure is no number: the histories hold prices that cannot be")
    return str(round(amount * 10**6) * (MONEY_UNIT // 10**6))
