"""What a sweep prints: a few lines of what was done, the best in a table, a map on a terminal."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from research.sweep.figures import Figures
from research.sweep.heatmap import HeatMap, terminal_lines
from research.sweep.result import Best, Summary

if TYPE_CHECKING:
    from rich.console import Console

Row = tuple[int, dict[str, object], dict[str, str]]
"""(rank, parameters, figures in words)"""
_NAME_WIDTH = 13
_LEFT_OUT_FIRST = ("refused", "fills", "fees", "profit")  # where the terminal is narrow


def write_answer(summary: Summary, found: HeatMap | None) -> None:
    """Write the whole answer."""
    console = _console()
    for name, text in _lines(summary):
        sys.stdout.write(f"{name:<{_NAME_WIDTH}}{text}\n")
    if summary.best:
        sys.stdout.write("\n")
        write_table(console, summary.best, summary.currency)
    if found is not None and console.is_terminal:
        lines = terminal_lines(found, console.width)
        sys.stdout.write("\n")
        for line in lines:
            console.print(line)


def write_table(console: "Console", best: Sequence[Best], currency: str) -> None:
    """Write the best, one in a line; columns that the width does not take are left out, the parameters never."""
    from rich.table import Table

    titles = list(best[0].params)
    rows: list[Row] = [(each.rank, each.params, figure_texts(each.figures)) for each in best]
    names = list(rows[0][2])
    for name in (*_LEFT_OUT_FIRST, *reversed(names)):
        if _width(titles, names, rows) <= console.width or len(names) == 1:
            break
        if name in names:
            names.remove(name)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("#", *titles, *names):
        table.add_column(f"{title} {currency}" if title == "profit" else title, justify="right", no_wrap=True)
    for rank, params, texts in rows:
        table.add_row(str(rank), *map(str, params.values()), *(texts[name] for name in names))
    with console.capture() as capture:
        console.print(table)
    sys.stdout.write("".join(line.rstrip() + "\n" for line in capture.get().splitlines()))


def figure_texts(figures: Figures) -> dict[str, str]:
    """Return the figures of one trial as the table shows them."""
    return {
        "return": "" if figures.gain is None else f"{figures.gain * 100:+.2f} %",
        "Sharpe": "" if figures.sharpe is None else f"{figures.sharpe:.2f}",
        "drawdown": f"{figures.max_drawdown_share * 100:.2f} %",
        "profit": f"{float(figures.profit):,.2f}",
        "fees": f"{float(figures.fees):,.2f}",
        "orders": f"{figures.orders:,}",
        "fills": f"{figures.fills:,}",
        "refused": f"{figures.refusals:,}",
    }


def _lines(summary: Summary) -> list[tuple[str, str]]:
    """Return what to say above the table, each with its name."""
    ended = summary.state == "ended"
    state = "ended" if ended else f"INTERRUPTED: {summary.ran:,} of {summary.combinations:,} combinations were run"
    axes = "  ".join(f"{name} {len(values):,}" for name, values in summary.varied.items())
    rate = f"{summary.elapsed_s:.2f} s, {summary.trials_per_s:,.1f} a second on {summary.jobs} core{_s(summary.jobs)}"
    rows = [
        ("state", state),
        ("varied", f"{axes}: {summary.combinations:,} combinations of {summary.strategy} ({summary.use})"),
        ("ran", f"{summary.ran:,} over {summary.inputs:,} inputs each, {rate}, {summary.driver} driver"),
    ]
    if summary.refused or summary.failed:
        rows.append(("passed over", f"{summary.refused:,} refused by the strategy, {summary.failed:,} failed"))
        rows += [("", f"{count:,} x {why}") for why, count in summary.problems.items()]
    rows.append(("money", f"{summary.start} {summary.currency} at the start; best by {summary.by} first"))
    rows.append(("over-fitted", _warning(summary)))
    if summary.luck is not None and summary.luck.trials > 1:
        told = summary.luck
        known = "" if told.probability is None else f"; deflated: {told.probability * 100:.1f} % that it is above 0"
        rows.append(("luck", f"best Sharpe {told.best:.2f}, by luck alone {told.by_luck:.2f}{known}"))
    if summary.folder:
        rows.append(("folder", summary.folder))
    return rows


def _warning(summary: Summary) -> str:
    """Say what the best of many is worth."""
    return f"the best of {summary.ran:,} fits this data by choice; try it on data that no trial has seen"


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _width(
    titles: Sequence[str], names: Sequence[str], rows: Sequence[tuple[int, dict[str, object], dict[str, str]]]
) -> int:
    """Return how wide the table would be."""
    width = 4
    for title in titles:
        width += 2 + max(len(title), *(len(str(params[title])) for _, params, _ in rows))
    for name in names:
        extra = 5 if name == "profit" else 0
        width += 2 + max(len(name) + extra, *(len(texts[name]) for _, _, texts in rows))
    return width


def _console() -> "Console":
    """Return a console that shows text as it is."""
    from rich.console import Console

    return Console(file=sys.stdout, markup=False, emoji=False, highlight=False)
