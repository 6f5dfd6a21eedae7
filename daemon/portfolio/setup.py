"""The first line that the worker reads: where its history is, and how it measures."""

from pathlib import Path

import msgspec

from config.settings import Settings
from risk.portfolio.messages import Measures

FILE_NAME = "portfolio.jsonl"


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker needs to begin; `scenarios` is a TOML file of the user's own, "" for none."""

    file: str
    window: int
    measures: Measures
    seed_files: dict[str, str] = {}
    scenarios: str = ""


def setup_of(settings: Settings) -> Setup:
    """Return what the settings ask for."""
    table = settings.portfolio
    measures = Measures(
        method=table.method,
        bar_ns=table.bar_s * 1_000_000_000,
        least=table.least,
        horizon=table.horizon_bars,
        benchmark=table.benchmark,
        covariance=table.covariance,
        decay=table.decay,
        simulations=table.simulations,
        degrees=table.degrees or None,
        seed=table.seed,
        path_bars=table.path_bars,
        recent=table.recent,
        break_level=table.break_level,
        rotation=table.rotation,
        rate=table.rate,
    )
    file = table.file or str(Path(settings.session.root) / FILE_NAME)
    return Setup(
        file=file, window=table.window, measures=measures, seed_files=table.seed_files, scenarios=table.scenarios
    )
