"""The summary of a sweep, from its trials."""

from collections.abc import Sequence

from core.money import money_text
from research.sweep.figures import SHOWN_DECIMALS
from research.sweep.result import Best, Summary, Trial, luck, problems_of, ranked
from research.sweep.runner import Runner


def summary_of(runner: Runner, trials: Sequence[Trial], *, by: str, top: int, jobs: int, elapsed_s: float) -> Summary:
    """Return everything worth telling; `top` of the best. The folder is put in once there is one."""
    plan, sources = runner.plan, runner.data.sources()
    told = ranked(trials, by)
    currency = runner.currency
    best = [
        Best(rank=rank, params=dict(zip(plan.grid.names, trial.values, strict=True)), figures=trial.figures)
        for rank, trial in enumerate(told[:top], start=1)
        if trial.figures is not None
    ]
    refused = sum(trial.refused for trial in trials)
    return Summary(
        folder="",
        state="ended" if len(trials) == plan.grid.size else "interrupted",
        strategy=plan.chosen.id,
        use=plan.chosen.use,
        driver=plan.driver,
        data=[source.folder for source in sources],
        data_digests=[source.digest for source in sources],
        varied={name: list(values) for name, values in plan.grid.axes.items()},
        combinations=plan.grid.size,
        ran=len(trials) - refused,
        refused=refused,
        failed=len(trials) - refused - len(told),
        problems=problems_of(trials),
        by=by,
        currency=currency,
        start=money_text(plan.start_money(currency), SHOWN_DECIMALS),
        sample_s=runner.step_ns / 1e9,
        inputs=runner.inputs,
        jobs=jobs,
        elapsed_s=round(elapsed_s, 6),
        trials_per_s=round(len(trials) / elapsed_s, 3) if elapsed_s else 0.0,
        luck=luck(trials, runner.step_ns),
        best=best,
    )
