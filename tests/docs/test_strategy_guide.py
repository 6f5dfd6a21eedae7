"""The strategy guide: its table holds every built-in strategy, its kernel trades, live and compiled."""

import re

import msgspec
import pytest

from config.load import load
from config.strategies import load_strategies
from core.orders import ApprovedSubmit, Side
from core.records import Kind
from strategies import BUILTIN, Kernel
from strategies.algos import ALGORITHMS, ParentParams
from strategies.kernel import Kernel as KernelBase
from tests.docs.markdown import document
from tests.engine.scenario import LOT, only
from tests.strategies.compiled_kernel import hold_both
from tests.strategies.twins import opened

GUIDE = document("strategies/README.md")
LINES_MAX = 23
SETTINGS = """
[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT"]

[[strategies]]
id = "pressure"
use = "pressure.py:Pressure"
instruments = ["BTCUSDT.BINANCE"]
"""


@pytest.fixture(name="pressure")
def load_pressure(tmp_path):
    """The class of the guide's only code."""
    (code,) = [block.text for block in GUIDE.blocks if block.language == "python"]
    (tmp_path / "pressure.py").write_text(code, encoding="utf-8")
    (tmp_path / "tickerd.toml").write_text(SETTINGS, encoding="utf-8")
    [loaded] = load_strategies(load(tmp_path / "tickerd.toml")).values()
    return loaded.strategy


def test_the_table_has_every_built_in_strategy_with_its_parameters():
    rows = dict(re.findall(r"^\| `([\w-]+)` \| `([\w-]+)` \|", GUIDE.text, re.MULTILINE))
    assert set(rows) | set(rows.values()) == set(BUILTIN) - ALGORITHMS.keys() - {"router"}  # which has docs/routing.md
    for python, kernel in rows.items():
        assert kernel == f"{python}-kernel"
        (line,) = [line for line in GUIDE.text.splitlines() if line.startswith(f"| `{python}` |")]
        fields = {field.name for field in msgspec.structs.fields(BUILTIN[python].Params)}
        assert set(re.findall(r"`(\w+)`", line.split("|")[4])) == fields
        assert msgspec.structs.fields(BUILTIN[kernel].Params) == msgspec.structs.fields(BUILTIN[python].Params)


@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_the_table_has_every_algorithm_with_its_parameters(name):
    (line,) = [line for line in GUIDE.text.splitlines() if line.startswith(f"| `{name}` |")]
    fields = {field.name for field in msgspec.structs.fields(ALGORITHMS[name].Params)}
    shared = {field.name for field in msgspec.structs.fields(ParentParams)}
    assert set(re.findall(r"`(\w+)`", line.split("|")[3])) == fields - shared


def test_the_guide_names_every_callback_of_a_kernel():
    callbacks = {name for name in vars(KernelBase) if name.startswith("at_")}
    assert callbacks <= set(GUIDE.codes)


def test_the_guides_kernel_is_short_and_trades(pressure):
    (code,) = [block.text for block in GUIDE.blocks if block.language == "python"]
    assert len([line for line in code.splitlines() if line.strip()]) <= LINES_MAX
    assert issubclass(pressure, Kernel)

    stage = opened(pressure)
    quote = (Kind.QUOTE, 0, 0, stage.now_ns, 0, 100_00, 6 * LOT, 100_01, LOT, 9)
    [submit] = only(stage.step(quote), ApprovedSubmit)
    assert (submit.intent.side, submit.intent.quantity, submit.intent.price) == (Side.BUY, LOT, 100_01)
    stage.fill(submit.intent.client_order_id, LOT, 100_01)
    quote = (Kind.QUOTE, 0, 0, stage.now_ns, 0, 100_00, LOT, 100_01, 6 * LOT, 10)
    [submit] = only(stage.step(quote), ApprovedSubmit)
    assert (submit.intent.side, submit.intent.quantity, submit.intent.price) == (Side.SELL, LOT, 100_00)


def test_the_guides_kernel_compiles(pressure):
    assert hold_both(pressure, count=2_000) > 10
