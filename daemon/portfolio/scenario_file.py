"""Scenarios of a user's own, read from TOML.

[oil-shock]
source = "1990, WTI doubles"
volatility = 0.1
moves = { "class:commodity" = 1.0, "class:equity" = -0.15, "symbol:BTC" = -0.2 }
"""

import tomllib
from pathlib import Path

import msgspec

from daemon.errors import UsageError
from risk.portfolio.errors import PortfolioError
from risk.portfolio.stress import Scenario, custom


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    moves: dict[str, float]
    source: str = "custom"
    volatility: float = 0.0


def read_scenarios(path: Path) -> tuple[Scenario, ...]:
    """Return the scenarios of a file, in its order. Raises UsageError naming what is wrong."""
    try:
        tables = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), dict[str, _Table])
        return tuple(
            custom(name, table.moves, table.volatility)._replace(source=table.source) for name, table in tables.items()
        )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError, PortfolioError) as error:
        raise UsageError(f"[portfolio] scenarios {path}: {error}") from error
