"""A strategy as the engine is given it."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from core.roster import StrategyDefinition
from risk.exits.settings import StrategyExits
from risk.sizing.settings import StrategySizing
from strategies.base import Strategy, StrategyParams

_encode = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True, kw_only=True)
class StrategySpec:
    """One strategy to run: its id, class, parameters and the names of its instruments; `use`: how settings name it."""

    id: str
    strategy: type[Strategy]
    params: StrategyParams
    instruments: tuple[str, ...]
    use: str = ""
    sizing: StrategySizing | None = None
    """The rules of its sizes, for one that asks for sizes."""
    exits: StrategyExits | None = None
    """When its positions are closed for it."""


StrategyLoader = Callable[[StrategyDefinition], StrategySpec | str]
"""Builds from a definition alone, the same wherever it is asked; returns in words why it cannot."""


def spec_hash(spec: StrategySpec) -> str:
    """Return what tells whether two settings say the same of a strategy; its source may have changed meanwhile."""
    tables = (_said(spec.sizing), _said(spec.exits))
    return hashlib.sha256(_encode((spec.use, spec.instruments, params_text(spec.params), *tables))).hexdigest()


def _said(table: StrategySizing | StrategyExits | None) -> StrategySizing | StrategyExits | None:
    """Return a table that says nothing which holds anyway: that of a journal's head says all of it, a file hardly any.

    The encoder leaves out what is the very object of the default, and a number that was read is another one.
    """
    if table is None:
        return None
    defaults = {field.name: field.default for field in msgspec.structs.fields(table)}
    return type(table)(**{name: value for name in defaults if (value := getattr(table, name)) != defaults[name]})


def params_text(params: StrategyParams) -> str:
    """Return parameters as JSON, the same for the same."""
    return _encode(params).decode()


def with_params(strategy: Strategy, values: Mapping[str, object]) -> Strategy | str:
    """Return the same strategy built anew with these parameters, text or not, or why it cannot be."""
    try:
        made: StrategyParams = msgspec.convert(values, type(strategy.params), strict=False)  # what was said is text
        return type(strategy)(made, strategy.context)
    except Exception as error:  # noqa: BLE001 - whatever a strategy's own checks raise
        return f"{type(error).__name__}: {error}"
