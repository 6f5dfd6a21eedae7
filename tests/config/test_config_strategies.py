"""Strategies load by name, entry point or file; what is wrong with one is said in the user's own words."""

import hashlib
import importlib
import sys
import textwrap
import traceback

import pytest

import strategies
from config.errors import ConfigError, NotAStrategy, StrategyBroken, StrategyNotFound, UnknownKey, WrongType, WrongValue
from config.load import load
from config.strategies import (
    available,
    load_from_source,
    load_recorded,
    load_strategies,
    load_strategy,
    strategy_params,
)
from journal.head import StrategySource
from strategies import BUILTIN, EmaCross, Strategy

EMA = '''\
from strategies import Strategy, StrategyParams


class Ema(Strategy):
    """Mine."""

    class Params(StrategyParams, frozen=True):
        slow: int
        fast: int = 20
        quantity: str = "0.01"

        def __post_init__(self):
            if self.fast >= self.slow:
                raise ValueError("fast must be below slow")


class Other:
    pass


NUMBER = 3
'''

CONFIG = """\
[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT"]

[[strategies]]
id = "mine"
use = "{use}"
instruments = ["BTCUSDT.BINANCE"]
params = {{ {params} }}
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Work in a folder that is not the settings' folder."""
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")


@pytest.fixture
def folder(tmp_path):
    """The settings' folder, with a user's strategy in it."""
    (tmp_path / "my").mkdir()
    (tmp_path / "my" / "ema.py").write_text(EMA)
    return tmp_path


def loaded(folder, use="my/ema.py:Ema", params="slow = 100"):
    (folder / "my.toml").write_text(CONFIG.format(use=use, params=params))
    config = load(folder / "my.toml", {})
    return load_strategies(config)["mine"], config.settings.strategies[0]


def refused(folder, use="my/ema.py:Ema", params="slow = 100"):
    with pytest.raises(ConfigError) as caught:
        loaded(folder, use, params)
    return caught.value


def written(folder, text):
    (folder / "my" / "ema.py").write_text(textwrap.dedent(text))


def test_a_built_in_name_loads_with_its_source():
    got = load_strategy("ema-cross", folder=None)  # type: ignore[arg-type]
    assert got.strategy is EmaCross
    assert "class EmaCross" in got.source
    assert got.sha256 == hashlib.sha256(got.source.encode()).hexdigest()


def test_a_file_beside_the_settings_loads(folder):
    got, chosen = loaded(folder)
    assert issubclass(got.strategy, Strategy)
    assert got.strategy.__name__ == "Ema"
    assert (got.source, got.sha256) == (EMA, hashlib.sha256(EMA.encode()).hexdigest())
    params = strategy_params(chosen, got)
    assert (params.fast, params.slow) == (20, 100)  # type: ignore[attr-defined]


def test_a_file_in_the_working_directory_loads_too(folder):
    (folder / "cwd" / "here.py").write_text(EMA)
    assert loaded(folder, "here.py:Ema")[0].strategy.__name__ == "Ema"


def test_the_settings_folder_comes_before_the_working_directory(folder):
    (folder / "cwd" / "my").mkdir()
    (folder / "cwd" / "my" / "ema.py").write_text("raise SystemExit")
    assert loaded(folder)[0].source == EMA


def test_an_absolute_path_loads(folder):
    assert loaded(folder, f"{folder}/my/ema.py:Ema")[0].strategy.__name__ == "Ema"


def test_a_users_folder_called_strategies_does_not_shadow_ours(folder):
    for place in (folder, folder / "cwd"):
        (place / "strategies").mkdir()
        (place / "strategies" / "__init__.py").write_text("raise RuntimeError('shadowed')")
        (place / "strategies" / "ema.py").write_text(EMA)
    before = list(sys.path)
    got, _ = loaded(folder, "strategies/ema.py:Ema")
    assert issubclass(got.strategy, Strategy)
    assert sys.path == before
    assert sys.modules["strategies"].BUILTIN is BUILTIN


def test_every_load_is_a_module_of_its_own(folder):
    first, _ = loaded(folder)
    second, _ = loaded(folder)
    assert first.strategy is not second.strategy
    assert first.strategy.Params is not second.strategy.Params


def test_a_files_text_decides_the_name_of_its_module_in_every_process(folder):
    names = []
    for text in (EMA, EMA, EMA + "# changed\n"):
        (folder / "my" / "ema.py").write_text(text)
        got, _ = loaded(folder)
        names.append(got.strategy.__module__)
    digest = hashlib.sha256(EMA.encode()).hexdigest()[:16]
    assert names[0] == names[1] == f"tickerd_user_strategy_{digest}_ema"
    assert names[2] != names[0]


def test_no_byte_code_is_left_beside_the_users_file(folder):
    loaded(folder)
    assert [each.name for each in (folder / "my").iterdir()] == ["ema.py"]


def test_an_entry_point_loads(folder, monkeypatch):
    (folder / "site").mkdir()
    (folder / "site" / "my_package_for_a_test.py").write_text(EMA)
    info = folder / "site" / "my_package-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[tickerd.strategies]\nmy-ema = my_package_for_a_test:Ema\nbroken = no_such_module:X\n"
        "number = my_package_for_a_test:NUMBER\n"
    )
    monkeypatch.syspath_prepend(str(folder / "site"))
    importlib.invalidate_caches()
    got, _ = loaded(folder, "my-ema")
    assert (got.strategy.__name__, got.source) == ("Ema", EMA)
    assert str(refused(folder, "broken")) == (
        f"{folder}/my.toml:7: strategies[0].use: expected no_such_module:X to import, "
        "found ModuleNotFoundError: No module named 'no_such_module'"
    )
    assert isinstance(refused(folder, "number"), NotAStrategy)
    assert "did you mean my-ema?" in str(refused(folder, "my-em"))


NOT_LOADED = [
    (
        "my/emma.py:Ema",
        StrategyNotFound,
        "expected the file {folder}/my/emma.py or {folder}/cwd/my/emma.py, found none; did you mean ema.py?",
    ),
    ("my/ema.py:Emma", StrategyNotFound, "expected a class of my/ema.py, found no Emma there; did you mean Ema?"),
    ("my/ema.py", StrategyNotFound, "expected FILE.py:CLASS, found no class; known: my/ema.py:Ema"),
    (
        "my/ema.py:Other",
        NotAStrategy,
        "expected a subclass of strategies.Strategy, found Other, a class of another kind",
    ),
    ("my/ema.py:NUMBER", NotAStrategy, "expected a subclass of strategies.Strategy, found NUMBER, an int"),
    ("my/ema.py:Strategy", NotAStrategy, "expected a subclass of strategies.Strategy, found Strategy, the base itself"),
    (
        "ema-cros",
        StrategyNotFound,
        (
            "expected a built-in strategy, an entry point or a file such as my/ema.py:EmaCross, "
            'found "ema-cros"; did you mean ema-cross?'
        ),
    ),
]


@pytest.mark.parametrize(("use", "kind", "message"), NOT_LOADED, ids=[case[0] for case in NOT_LOADED])
def test_what_cannot_be_loaded_is_named_with_the_nearest(folder, use, kind, message):
    error = refused(folder, use)
    assert str(error) == f"{folder}/my.toml:7: strategies[0].use: {message.format(folder=folder)}"
    assert type(error) is kind


BROKEN = [
    ("import strategies\n\nx = unknown\n", "NameError: name 'unknown' is not defined ({file}:3: x = unknown)"),
    ("def f(:\n", "SyntaxError: invalid syntax ({file}:1: def f(:)"),
    ("def f():\n    return 1 / 0\n\nf()\n", "ZeroDivisionError: division by zero ({file}:2: return 1 / 0)"),
    ("raise SystemExit(3)\n", "SystemExit: 3 ({file}:1: raise SystemExit(3))"),
    (
        "import helper_beside_it\n",
        (
            "ModuleNotFoundError: No module named 'helper_beside_it' ({file}:1: import helper_beside_it); "
            "a strategy file stands alone: make what needs other files a package with an entry point"
        ),
    ),
    (
        "from strategies import TWAP\n",
        (
            "ImportError: cannot import name 'TWAP' from 'strategies' (" + strategies.__file__ + ") "
            "({file}:1: from strategies import TWAP); write: from strategies.algos import Twap"
        ),
    ),
    (
        "import strategies.twap\n",
        (
            "ModuleNotFoundError: No module named 'strategies.twap' ({file}:1: import strategies.twap); these have "
            "what a strategy may import: strategies (Strategy, StrategyParams, SmartRouter), "
            "strategies.algos (Twap, Vwap, Pov, Iceberg), strategies.indicators (ema, sma), "
            "strategies.routing (Split), strategies.kernels (EmaCrossKernel)"
        ),
    ),
]


@pytest.mark.parametrize(("text", "found"), BROKEN, ids=[case[0].split("\n")[0] for case in BROKEN])
def test_a_module_that_raises_shows_the_users_line(folder, text, found):
    written(folder, text)
    (folder / "my" / "helper_beside_it.py").write_text("")
    modules = set(sys.modules)
    error = refused(folder)
    file = folder / "my" / "ema.py"
    where = f"{folder}/my.toml:7: strategies[0].use"
    assert str(error) == f"{where}: expected a module that imports, found {found.format(file=file)}"
    assert isinstance(error, StrategyBroken)
    of_python = {"_suggestions"}  # CPython 3.13 loads it to look for a name like the misspelt one
    assert set(sys.modules) - of_python == modules - of_python


PARAMS = [
    (
        "slow = 100, fst = 3",
        UnknownKey,
        ".fst: expected a key of [strategies[0].params], found fst; did you mean fast?",
    ),
    ('slow = "100"', WrongType, '.slow: expected a whole number, found "100"'),
    ("slow = 100, quantity = 0.5", WrongType, '.quantity: expected a string, found 0.5; write it in quotes: "0.5"'),
    ("fast = 3", ConfigError, ".slow: expected a whole number, found nothing"),
    (
        "fast = 200, slow = 100",
        WrongValue,
        ".fast: expected values that go together, found 200; fast must be below slow",
    ),
]


@pytest.mark.parametrize(("params", "kind", "message"), PARAMS, ids=[case[0] for case in PARAMS])
def test_a_wrong_parameter_gives_line_key_expected_and_found(folder, params, kind, message):
    error = refused(folder, params=params)
    assert str(error) == f"{folder}/my.toml:9: strategies[0].params{message}"
    assert isinstance(error, kind)


def test_a_built_in_strategys_parameters_are_checked_too(folder):
    error = refused(folder, "two-sided-quoter", "half_spread = 3")
    assert str(error) == (
        f"{folder}/my.toml:9: strategies[0].params.half_spread: "
        "expected a key of [strategies[0].params], found half_spread; did you mean half_spread_bps?"
    )


def test_all_strategies_mistakes_are_told_at_once(folder):
    second = '[[strategies]]\nid = "b"\nuse = "nothing"\ninstruments = ["BTCUSDT.BINANCE"]\n'
    (folder / "my.toml").write_text(CONFIG.format(use="my/ema.py:Ema", params="slow = true") + second)
    with pytest.raises(ConfigError) as caught:
        load_strategies(load(folder / "my.toml", {}))
    assert [error.key for error in caught.value.all] == ["strategies[0].params.slow", "strategies[1].use"]


def test_params_of_another_kind_are_refused(folder):
    written(folder, "from strategies import Strategy\nclass Ema(Strategy):\n    class Params:\n        pass\n")
    assert str(refused(folder)) == (
        f"{folder}/my.toml:7: strategies[0].use: expected Ema.Params to be a subclass of strategies.StrategyParams, "
        "found a class of another kind"
    )


def test_params_whose_types_do_not_resolve_are_refused(folder):
    written(
        folder,
        """\
        from strategies import Strategy, StrategyParams
        class Ema(Strategy):
            class Params(StrategyParams, frozen=True):
                slow: "Nowhere"
        """,
    )
    error = refused(folder)
    assert isinstance(error, StrategyBroken)
    assert "name 'Nowhere' is not defined" in str(error)


def test_a_recorded_file_loads_from_its_recorded_text_alone():
    source = StrategySource(id="mine", use="gone/ema.py:Ema", sha256="", source=EMA)
    got = load_recorded(source)
    assert got.strategy.__name__ == "Ema"
    assert got.sha256 == hashlib.sha256(EMA.encode()).hexdigest()


def test_a_recorded_built_in_loads_from_the_installed_one():
    assert load_recorded(StrategySource(id="x", use="ema-cross", sha256="", source="")).strategy is EmaCross


def test_the_traceback_of_recorded_text_shows_its_lines():
    text = EMA + "\n\nclass Raising(Strategy):\n    def on_start(self):\n        raise KeyError(1)  # here\n"
    strategy = load_from_source(text, "ema.py (recorded)", "Raising")
    with pytest.raises(KeyError) as caught:
        strategy.on_start(None)  # type: ignore[arg-type]
    assert "raise KeyError(1)  # here" in "".join(traceback.format_exception(caught.value))


def test_the_available_strategies_are_described():
    told = {info.use: info for info in available()}
    assert told.keys() >= BUILTIN.keys()
    fast = next(param for param in told["ema-cross"].params if param.name == "fast")
    assert (fast.takes, fast.default) == ("a whole number", "20")
    assert told["ema-cross"].summary
