"""Mutation testing of `risk`: `python -m tests.risk.mutants [FILE ...]` turns each comparison around, one at a time.

Every mutant must make a test fail; one that survives is a boundary that nobody looks at. A mutant that means the same
as the original is named in `EQUIVALENT`, with the reason. Which tests look at which files is in `GROUPS`.

The tests of a group are collected once. A mutant lives in a process of its own, forked from the one that collected
them, in which the functions that it changes have its code: nothing is written, and nothing is imported twice.
"""

import argparse
import ast
import contextlib
import copy
import gc
import inspect
import os
import resource
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import CodeType, FunctionType
from typing import NamedTuple

import pytest
from hypothesis import Phase, settings

ROOT = Path(__file__).parents[2]


class Group(NamedTuple):
    """Files, and the tests that have to tell their mutants, the fastest first; names below the root, or patterns."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


GROUPS = (
    Group(
        (
            "risk/order_checks.py",
            "risk/market_checks.py",
            "risk/limit_checks.py",
            "risk/account_checks.py",
            "risk/figures.py",
            "risk/rate.py",
            "risk/gate.py",
            "risk/checks.py",
            "risk/facts.py",
            "risk/refusals.py",
            "risk/known.py",
        ),
        (
            "tests/risk/test_gate_checks.py",
            "tests/risk/test_gate.py",
            "tests/risk/test_gate_replace.py",
            "tests/risk/test_gate_freezes.py",
            "tests/risk/test_account_checks.py",
            "tests/risk/test_risk_limits.py",
            "tests/risk/test_rules.py",
            "tests/engine/test_replacing.py",
            "tests/risk/test_gate_properties.py",
        ),
    ),
    Group(
        ("risk/controls/*.py",),
        (
            "tests/risk/test_controls.py",
            "tests/risk/test_controls_bounds.py",
            "tests/risk/test_controls_edges.py",
            "tests/risk/test_clearance_bounds.py",
            "tests/engine/test_controls_engine.py",
            "tests/risk/test_rules.py",
            "tests/risk/test_clearance.py",
            "tests/risk/test_controls_properties.py",
        ),
    ),
    Group(
        ("risk/breakers/*.py", "risk/breaker_settings.py", "risk/breaker_stricter.py", "risk/breaker_words.py"),
        (
            "tests/risk/test_breaker_settings.py",
            "tests/engine/test_breakers_bounds.py",
            "tests/engine/test_breakers_together.py",
            "tests/engine/test_breakers.py",
            "tests/engine/test_breakers_figures.py",
            "tests/engine/test_breakers_kept.py",
            "tests/engine/test_breakers_reloaded.py",
            "tests/engine/test_limit_commands.py",
        ),
    ),
    Group(
        ("risk/exits/*.py",),
        (
            "tests/risk/exits/*.py",
            "tests/engine/test_exits.py",
            "tests/engine/test_exits_any_order.py",
        ),
    ),
    Group(("risk/sizing/*.py",), ("tests/risk/sizing/*.py", "tests/engine/test_sizing.py")),
    Group(
        ("risk/rules/*.py", "risk/rule_settings.py", "risk/rule_words.py"),
        (
            "tests/risk/test_rules.py",
            "tests/risk/test_rule_words.py",
            "tests/engine/test_rules_engine.py",
            "tests/risk/test_rules_properties.py",
        ),
    ),
    Group(("risk/bounds.py",), ("tests/risk/test_risk_bounds.py",)),
    Group(("risk/portfolio_figures.py",), ("tests/engine/test_portfolio_input.py",)),
    Group(
        ("risk/held_checks.py", "risk/holding.py"),
        ("tests/risk/test_held_checks.py", "tests/risk/test_holding.py", "tests/engine/test_kept_orders.py"),
    ),
    Group(
        ("risk/replacing.py", "risk/revisions.py"),
        (
            "tests/risk/test_gate_replace.py",
            "tests/risk/test_gate_freezes.py",
            "tests/risk/test_account_checks.py",
            "tests/risk/test_rules.py",
            "tests/engine/test_replacing.py",
        ),
    ),
    Group(
        ("risk/limits.py", "risk/limit_changes.py", "risk/limit_words.py", "risk/control_settings.py"),
        (
            "tests/risk/test_risk_limits.py",
            "tests/risk/test_breaker_settings.py",
            "tests/risk/test_limit_words.py",
            "tests/risk/test_controls.py",
            "tests/risk/test_rules.py",
            "tests/engine/test_limit_commands.py",
            "tests/engine/test_breakers_reloaded.py",
        ),
    ),
)
SWAPS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OF_ONE_OR_MINUS_ONE = ("side", "sign", "side_sign")
"""Names of what is 1 or -1: above 0 and at least 0 are the same of it, so it has one mutant, the other way around."""
PYTEST = ("-x", "-n0", "-s", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning")
# A mutant may never end, or take all memory: then it is killed as well. Seconds of its own, whatever else runs here.
CPU_MOST_S = 60
MEMORY_MOST = 8 * 2**30

_EITHER_WAY = "both ways come to the same whole number: one is faster, the other leaves no 64 bits where it is compiled"
EQUIVALENT = {
    "if reference_twice < PRODUCT_FITS: [Lt to LtE]": _EITHER_WAY,
    "if reference_twice < PRODUCT_FITS: [Lt to GtE]": _EITHER_WAY,
    "if before * side >= 0 or is_flat(index, instrument, before, effect.price): [GtE to Gt]": "nothing is flat as well",
    "if left * side < 0 and not is_flat(index, instrument, left, effect.price): [Lt to LtE]": "nothing is flat as well",
    "if price != order.price or quantity > order.quantity: [Gt to GtE]": "one that is so already is never asked about",
    "if valued.unmarked or any(part.value is None and part.amount < 0 for part in valued.parts): [Lt to LtE]": (
        "no part of a valuation is of nothing"
    ),
    "return bid if side_sign < 0 and bid > price else price [Gt to GtE]": "the greater of two; `max` is slower here",
}
"""By the mutated line, as written, and the operator: why no test can tell it from the original."""


class Mutant(NamedTuple):
    """One comparison of a file turned into another."""

    path: str
    line: int
    text: str  # of the line
    swap: str
    tree: ast.Module  # of the whole file
    place: int  # of the statement at its top that is changed

    @property
    def name(self) -> str:
        """The key of `EQUIVALENT`."""
        return f"{self.text} [{self.swap}]"


def is_of_a_side(node: ast.Compare) -> bool:
    """Whether what is 1 or -1 is compared with 0."""
    name = getattr(node.left, "attr", getattr(node.left, "id", ""))
    return name in OF_ONE_OR_MINUS_ONE and [ast.unparse(each) for each in node.comparators] == ["0"]


def mutants_of(path: str) -> Iterator[Mutant]:
    """Yield every mutant of a file."""
    source = (ROOT / path).read_text(encoding="utf-8")
    lines, tree = source.splitlines(), ast.parse(source)
    for place, statement in enumerate(tree.body):
        for step, node in enumerate(ast.walk(statement)):
            if not isinstance(node, ast.Compare):
                continue
            for number, operator in enumerate(node.ops):
                for other in SWAPS[type(operator)][-1 if is_of_a_side(node) else 0 :]:
                    changed = copy.copy(tree)
                    changed.body = [*tree.body[:place], copy.deepcopy(statement), *tree.body[place + 1 :]]
                    twin = next(each for at, each in enumerate(ast.walk(changed.body[place])) if at == step)
                    assert isinstance(twin, ast.Compare)
                    twin.ops[number] = other()
                    swap = f"{type(operator).__name__} to {other.__name__}"
                    yield Mutant(path, node.lineno, lines[node.lineno - 1].strip(), swap, changed, place)


def functions_in(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of the functions of a module and its classes, each with those in it."""
    for each in code.co_consts:
        if isinstance(each, CodeType):
            if each.co_flags & inspect.CO_OPTIMIZED:
                yield each
            else:
                yield from functions_in(each)


def put_in_place(mutant: Mutant, functions: Iterable[FunctionType]) -> None:
    """Let the functions that a mutant changes have its code; a statement that is in none is executed once more."""
    place = str(ROOT / mutant.path)
    before = compile((ROOT / mutant.path).read_text(encoding="utf-8"), place, "exec", dont_inherit=True)
    after = compile(mutant.tree, place, "exec", dont_inherit=True)
    pairs = zip(functions_in(before), functions_in(after), strict=True)
    codes = {old: new for old, new in pairs if old != new}
    is_found = False
    for each in functions:
        if each.__code__.co_filename == place and each.__code__ in codes:
            each.__code__ = codes[each.__code__]
            is_found = True
    if not is_found:
        module = sys.modules[mutant.path.removesuffix(".py").replace("/", ".")]
        again = ast.Module([mutant.tree.body[mutant.place]], [])
        exec(compile(again, place, "exec", dont_inherit=True), vars(module))


class Looks:
    """The part of a process of pytest that, with all tests collected, runs them in forks of it: one for each mutant."""

    def __init__(self, mutants: Sequence[Mutant], jobs: int) -> None:
        """Have run nothing."""
        self.mutants, self.jobs = mutants, jobs
        self.alive: list[Mutant] | None = None  # not known: the tests could not be collected, or fail without mutants
        self.functions: list[FunctionType] = []
        self.is_child = False
        self.out = sys.stdout

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Ask properties last: they cost most."""
        items.sort(key=lambda item: item.get_closest_marker("hypothesis") is not None)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool | None:
        """Fork; a child goes on to the tests."""
        gc.unfreeze()  # `conftest` has hidden everything, from this search as well
        self.functions = [each for each in gc.get_objects() if isinstance(each, FunctionType)]
        gc.freeze()
        alive: list[Mutant] = []
        waiting: list[Mutant | None] = [*self.mutants[::-1], None]
        running: dict[int, Mutant | None] = {}
        is_known = True
        while waiting or running:
            if waiting and len(running) < self.jobs:
                mutant = waiting.pop()
                child = os.fork()
                if not child:
                    self._live(mutant)
                    return None
                running[child] = mutant
                continue
            child, status = os.wait()
            mutant = running.pop(child)
            if mutant is not None:
                alive += [] if status else [mutant]
                self._tell(mutant.path, [*running.values(), *waiting], alive)
            elif status:
                is_known = False
                waiting.clear()
        self.alive = alive if is_known else None
        return True

    def _tell(self, path: str, left: Iterable[Mutant | None], alive: list[Mutant]) -> None:
        """Write what became of a file's mutants once none of them is left."""
        if any(each is not None and each.path == path for each in left):
            return
        here = [each for each in alive if each.path == path]
        lines = [f"{path}: {sum(each.path == path for each in self.mutants)} mutants, {len(here)} alive"]
        lines += [f"  {each.path}:{each.line}: {each.name}" for each in here]
        print(*lines, sep="\n", file=self.out, flush=True)

    def _live(self, mutant: Mutant | None) -> None:
        self.is_child = True
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_MOST_S, CPU_MOST_S))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MOST, MEMORY_MOST))
        if mutant is not None:
            put_in_place(mutant, self.functions)


def alive_of(mutants: Sequence[Mutant], tests: Sequence[str], jobs: int) -> list[Mutant]:
    """Return the mutants with which all tests pass."""
    looks = Looks(mutants, jobs)
    with Path(os.devnull).open("w", encoding="utf-8") as silence:
        with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
            status = pytest.main([*PYTEST, "--rootdir", str(ROOT), *tests], [looks])
        if looks.is_child:
            os._exit(status)
    if looks.alive is None:
        raise SystemExit(f"no mutant can be told from the files as they are: one of {', '.join(tests)} fails")
    return looks.alive


def named(patterns: Sequence[str]) -> list[str]:
    """Return the files of patterns, each of which has to have one, in their order."""
    found = [(pattern, sorted(ROOT.glob(pattern))) for pattern in patterns]
    nothing = [pattern for pattern, files in found if not files]
    if nothing:
        raise SystemExit(f"no such file: {', '.join(nothing)}")
    return [str(each.relative_to(ROOT)) for _, files in found for each in files]


def survivors(files: Sequence[str], jobs: int) -> list[Mutant]:
    """Return the mutants that no test kills and nobody explained, telling of each file; of no names, of all files."""
    alive: list[Mutant] = []
    wanted = named(files or [pattern for group in GROUPS for pattern in group.files])
    unknown = set(wanted).difference(*(named(group.files) for group in GROUPS))
    if unknown:
        raise SystemExit(f"in no group of tests: {', '.join(sorted(unknown))}")
    for group in GROUPS:
        paths = [path for path in named(group.files) if path in wanted]
        mutants = [each for path in paths for each in mutants_of(path) if each.name not in EQUIVALENT]
        alive += alive_of(mutants, named(group.tests), jobs) if mutants else []
    return alive


def main() -> int:
    """Return 0 if every mutant is killed, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.risk.mutants", description="Mutation testing of risk.")
    parser.add_argument("files", nargs="*", help="only these, such as risk/controls/checks.py")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a process that forks has no other threads
    # A property that fails need not say where it fails first.
    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("mutants", derandomize=True, deadline=None, max_examples=30, phases=phases)
    os.environ["TICKERD_HYPOTHESIS"] = "mutants"
    return 1 if survivors(options.files, options.jobs) else 0


if __name__ == "__main__":
    raise SystemExit(main())
