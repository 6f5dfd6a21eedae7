"""The errors of queue models against the truth, as numbers and as the tables on the page."""

import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console
from rich.progress import Progress

from research.l3.errors import StudyImpossible
from research.l3.findings import END, HORIZONS, SECOND_NS, Findings
from research.l3.ghosts import Ghost

BEGIN_MARK = "<!-- research.l3.study begins: written by `python -m research.l3.study FILE`, do not edit -->"
END_MARK = "<!-- research.l3.study ends -->"
MOMENTS = (*(name for name, _ in HORIZONS), END)


class Errors(msgspec.Struct, frozen=True):
    """Errors (believed less true) of one quantity: how many, mean (bias), median, mean size and root mean square."""

    count: int
    bias: float
    median: float
    mean_size: float
    rmse: float


class ModelErrors(msgspec.Struct, frozen=True):
    """One model in one view. Positions are in contracts, by moment; fill times in seconds, of orders filled in both."""

    view: str
    model: str
    position: dict[str, Errors]
    fill_time_s: Errors
    filled_both: int
    filled_falsely: int
    fill_missed: int
    filled_neither: int


class Summary(msgspec.Struct, frozen=True):
    """All that the study found, as plain numbers."""

    orders: int
    orders_at_touch: int
    seed: int
    life_s: float
    events: int
    trades: int
    span_s: float
    fills_of_the_venue: int
    fills_out_of_line: int
    filled_truly: int
    mean_true_ahead_at_join: float
    cancelled_by_tenth: list[float]
    models: list[ModelErrors]
    models_at_touch: list[ModelErrors]


def errors_of(values: Iterable[float]) -> Errors:
    """Return the statistics of some errors; all 0 where there are none."""
    array = np.fromiter(values, np.float64)
    if not len(array):
        return Errors(0, 0.0, 0.0, 0.0, 0.0)
    return Errors(
        len(array),
        float(array.mean()),
        float(np.median(array)),
        float(np.abs(array).mean()),
        float(np.sqrt((array * array).mean())),
    )


def summary(findings: Findings) -> Summary:
    """Return the numbers of a study."""
    plan, ghosts = findings.plan, findings.ghosts
    at_touch = [ghost for ghost in ghosts if ghost.depth == 0]
    cancelled = max(sum(findings.cancels.values()), 1)
    return Summary(
        orders=len(ghosts),
        orders_at_touch=len(at_touch),
        seed=plan.seed,
        life_s=plan.life_ns / SECOND_NS,
        events=findings.events,
        trades=findings.trades,
        span_s=findings.span_ns / SECOND_NS,
        fills_of_the_venue=findings.fills,
        fills_out_of_line=findings.fills_out_of_line,
        filled_truly=sum(bool(ghost.filled_ns) for ghost in ghosts),
        mean_true_ahead_at_join=errors_of(ghost.ahead_at_join for ghost in ghosts).bias,
        cancelled_by_tenth=[findings.cancels[tenth] / cancelled for tenth in range(10)],
        models=_by_model(findings, ghosts),
        models_at_touch=_by_model(findings, at_touch),
    )


def _by_model(findings: Findings, ghosts: Sequence[Ghost]) -> list[ModelErrors]:
    """Return each view's and model's errors; believers stand in the same order in every ghost."""
    pairs = [(view, model) for view in findings.plan.views for model in findings.plan.models]
    found: list[ModelErrors] = []
    for place, (view, model) in enumerate(pairs):
        filled = [(ghost.filled_ns, ghost.believers[place].filled_ns) for ghost in ghosts]
        both = [(true_ns, believed_ns) for true_ns, believed_ns in filled if true_ns and believed_ns]
        position = {moment: errors_of(_misplaced(ghosts, moment, place)) for moment in MOMENTS}
        found.append(
            ModelErrors(
                view=view.name,
                model=model.name,
                position=position,
                fill_time_s=errors_of((believed_ns - true_ns) / SECOND_NS for true_ns, believed_ns in both),
                filled_both=len(both),
                filled_falsely=sum(not true_ns and bool(believed_ns) for true_ns, believed_ns in filled),
                fill_missed=sum(bool(true_ns) and not believed_ns for true_ns, believed_ns in filled),
                filled_neither=sum(not true_ns and not believed_ns for true_ns, believed_ns in filled),
            )
        )
    return found


def _misplaced(ghosts: Sequence[Ghost], moment: str, place: int) -> Iterator[float]:
    """Yield by how much one believer was wrong at one moment, for all orders that still stood in line."""
    for ghost in ghosts:
        if moment in ghost.sampled:
            truth, believed = ghost.sampled[moment]
            yield believed[place] - truth


def markdown(findings: Findings) -> str:
    """Return the page's section: what was asked, where cancels stood, and each view's table."""
    found = summary(findings)
    tenths = " | ".join(f"{100 * share:.1f}" for share in found.cancelled_by_tenth)
    asked = (
        f"{found.orders:,} orders of 1 contract (seed {found.seed}), each alive for {found.life_s:.0f} s or until "
        f"filled, {found.orders_at_touch:,} at the touch and the others 1 to 3 levels behind; "
        f"{found.mean_true_ahead_at_join:.1f} contracts ahead of them at joining, {found.filled_truly:,} truly filled. "
        f"{found.span_s / 60:.0f} minutes of continuous trading, {found.events:,} events, {found.trades:,} trades. Of "
        f"{found.fills_of_the_venue:,} fills in the recording {found.fills_out_of_line:,} passed over somebody who "
        "came before."
    )
    parts = [
        textwrap.fill(asked, 118),
        "Cancelled contracts by where they stood in their line, head to tail, in % (an even spread is pro-rata):",
        f"| {' | '.join(f'{10 * tenth}-{10 * tenth + 10}' for tenth in range(10))} |\n|{' ---: |' * 10}\n| {tenths} |",
    ]
    views = [view.name for view in findings.plan.views]
    shown = [(view, f"Depth seen: **{view}**.", found.models) for view in views]
    shown.insert(1, (views[0], f"Orders that joined at the touch; depth seen: **{views[0]}**.", found.models_at_touch))
    for view, title, models in shown:
        parts += [title, _table([each for each in models if each.view == view])]
    return "\n\n".join(parts) + "\n"


def _table(models: Sequence[ModelErrors]) -> str:
    """Return one table of models."""
    head = (
        "| model | ahead after 1 s: bias | RMSE | after 10 s: bias | RMSE | at the end: bias | median | mean size "
        "| RMSE | false fills | missed | fill time s: bias | median | mean size | RMSE |"
    )
    lines = [head, "| --- |" + " ---: |" * 14]
    for each in models:
        early, later, end, time = each.position["1 s"], each.position["10 s"], each.position[END], each.fill_time_s
        numbers = [
            *(f"{value:.2f}" for value in (early.bias, early.rmse, later.bias, later.rmse)),
            *(f"{value:.2f}" for value in (end.bias, end.median, end.mean_size, end.rmse)),
            _share(each.filled_falsely, each.filled_both + each.filled_falsely),
            _share(each.fill_missed, each.filled_both + each.fill_missed),
            *(f"{value:.2f}" for value in (time.bias, time.median, time.mean_size, time.rmse)),
        ]
        lines.append(f"| {each.model} | " + " | ".join(numbers) + " |")
    return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    """Return a count with its share of another."""
    return f"{part} ({100 * part / whole:.1f} %)" if whole else f"{part}"


def write_section(page: Path, text: str) -> None:
    """Replace what stands between the page's marks. Raises StudyImpossible where it has none."""
    old = page.read_text(encoding="utf-8")
    before, begin, rest = old.partition(BEGIN_MARK)
    _, end, after = rest.partition(END_MARK)
    if not begin or not end:
        raise StudyImpossible(f"{page} has no section for the study: it needs the lines {BEGIN_MARK} and {END_MARK}")
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")


def watched(run: Callable[[Callable[[int], object]], Findings], events: int, *, quiet: bool) -> Findings:
    """Run a study with a progress bar on the error stream."""
    with Progress(console=Console(stderr=True), disable=quiet) as progress:
        task = progress.add_task("asking", total=events)
        return run(lambda place: progress.update(task, completed=place) if place % 256 == 0 else None)
