"""What the portfolio may lose, as the risk worker said: an input like any other, so that limits on it replay.

Money is an integer of 10^-18 of the base currency, in text, for msgpack's integers end at 64 bits; a loss is positive.
Correlations, betas and shares are statistics, so floats.
"""

import msgspec


class TailFigure(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """VaR and expected shortfall by one method at one confidence."""

    method: str  # "historical", "normal", "cornish-fisher", "monte-carlo"
    confidence_ppm: int
    var: str
    es: str


class StressFigure(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one scenario does: `loss` is negative where the portfolio would gain."""

    scenario: str
    loss: str


class BreakFigure(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A pair whose correlation is not what it was; `p_value` adjusted for having looked at all pairs."""

    first: str
    second: str
    before: float
    after: float
    p_value: float


class PortfolioRisk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The figures of one snapshot, or where `problem` says why, none of them.

    `method` is whose figures limits use: `var_95` to `es_99` are its; "normal" where Cornish and Fisher's were asked
    for and their correction does not hold. `unmeasured` is gross money in holdings that the figures leave out for want
    of history or price, named in `left_out`; `uncovered` are the names that the worst scenario says nothing about.
    `correlations` is the upper triangle over `names`, row by row.
    """

    as_of_ns: int  # of the snapshot: positions and prices of this time
    base_currency: str
    problem: str = ""
    # "history", "data", "file", "setup", "worker": a problem is alerted once while its kind lasts.
    problem_kind: str = ""
    method: str = ""
    bars: int = 0
    gross: str = "0"
    net: str = "0"
    unmeasured: str = "0"
    left_out: tuple[str, ...] = ()
    var_95: str = "0"
    es_95: str = "0"
    var_99: str = "0"
    es_99: str = "0"
    tails: tuple[TailFigure, ...] = ()
    stress_worst: str = "0"  # the loss in the worst scenario, 0 where none loses
    stress_scenario: str = ""
    stress: tuple[StressFigure, ...] = ()
    uncovered: tuple[str, ...] = ()
    path_loss_99: str = "0"  # at the end of simulated paths
    path_drawdown_99: str = "0"
    benchmark: str = ""
    beta_money: str = "0"  # what is made when the benchmark rises by 100 %, to first order
    beta: float = 0.0  # the same as a share of gross
    hhi: float = 0.0  # 1 / N to 1, over gross exposure by name
    top: str = ""
    top_share: float = 0.0
    names: tuple[str, ...] = ()
    correlations: tuple[float, ...] = ()
    breaks: tuple[BreakFigure, ...] = ()
    matrix_p_value: float = 1.0  # Jennrich's test over all pairs at once
    delta: str = "0"  # of options: money per 100 % of the underlyings
    gamma: str = "0"  # per squared return
    vega: str = "0"  # per 1.00 of volatility
    theta: str = "0"  # per year
    rho: str = "0"  # per 1.00 of the rate
