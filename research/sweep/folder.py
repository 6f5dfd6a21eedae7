"""The folder of a sweep: every trial as a table, the summary, the settings, and a map where two parameters vary.

trials.parquet  every combination with its figures, or why it has none, in the order of the grid
summary.json    what was varied, over which data, by which driver; the best
config.toml     the settings that all trials share
heatmap.svg     the best of each pair of values of two parameters
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from config.settings import Settings
from config.show import show_toml
from research.sweep.figures import Figures
from research.sweep.grid import Grid
from research.sweep.heatmap import HeatMap, svg
from research.sweep.result import Summary, Trial

TRIALS, SUMMARY, SETTINGS, MAP = "trials.parquet", "summary.json", "config.toml", "heatmap.svg"
_KINDS = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}
_FIGURES = {
    "orders": pa.int64(), "fills": pa.int64(), "refusals": pa.int64(), "end": pa.string(), "profit": pa.string(),
    "gain": pa.float64(), "fees": pa.string(), "max_drawdown": pa.string(), "max_drawdown_share": pa.float64(),
    "sharpe": pa.float64(), "returns": pa.int64(), "skewness": pa.float64(), "kurtosis": pa.float64(),
}  # fmt: skip


def write_folder(
    folder: Path, settings: Settings, grid: Grid, trials: Sequence[Trial], summary: Summary, found: HeatMap | None
) -> None:
    """Write everything into an empty folder. Raises OSError."""
    (folder / SETTINGS).write_text(show_toml(settings), encoding="utf-8")
    pq.write_table(table_of(grid, trials), folder / TRIALS, compression="zstd")
    if found is not None:
        (folder / MAP).write_text(svg(found), encoding="utf-8")
    (folder / SUMMARY).write_bytes(msgspec.json.format(msgspec.json.encode(summary)) + b"\n")


def table_of(grid: Grid, trials: Sequence[Trial]) -> pa.Table:
    """Return the trials as a table: parameters under `param.NAME`, money as decimal text, exact to what is shown."""
    columns: dict[str, pa.Array] = {
        "number": pa.array([trial.number for trial in trials], pa.int64(), from_pandas=False)
    }
    for place, name in enumerate(grid.names):
        columns[f"param.{name}"] = _column([trial.values[place] for trial in trials])
    for name, kind in _FIGURES.items():
        values = [_figure(trial.figures, name) for trial in trials]
        columns[name] = pa.array(values, kind, from_pandas=False)
    columns["problem"] = pa.array([trial.problem for trial in trials], pa.string(), from_pandas=False)
    return pa.table(columns)


def _figure(figures: Figures | None, name: str) -> object:
    """Return one figure of a trial, None where it has none."""
    value: object = getattr(figures, name) if figures is not None else None
    return value


def _column(values: list[object]) -> pa.Array:
    """Return a parameter's values: numbers as numbers where all are of one kind, else as text."""
    kinds = {type(value) for value in values}
    kind = _KINDS.get(next(iter(kinds))) if len(kinds) == 1 else None
    if kind is None:
        return pa.array([str(value) for value in values], pa.string(), from_pandas=False)
    return pa.array(values, kind, from_pandas=False)
