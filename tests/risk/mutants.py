"""Mutation testing of `risk`: `python -m tests.risk.mutants [FILE ...]` turns each comparison around, one at a time.

Every mutant must make a test fail; one that survives is a boundary that nobody looks at. A mutant that means the same
as the original is named in `EQUIVALENT`, with the reason. Which tests look at which files is in `GROUPS`.

A mutant lives in a process of its own, forked from this one, in which its source is imported in place of the file's:
nothing is written, and what all of them need is imported once.
"""

import argparse
import ast
import copy
import importlib
import os
import resource
import sys
import types
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import NamedTuple, NoReturn

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
            "risk/limit_words.py",
            "risk/controls/*.py",
        ),
        (
            "tests/risk/test_controls.py",
            "tests/risk/test_gate_checks.py",
            "tests/risk/test_gate.py",
            "tests/risk/test_gate_replace.py",
            "tests/risk/test_gate_freezes.py",
            "tests/risk/test_account_checks.py",
            "tests/risk/test_risk_limits.py",
            "tests/risk/test_limit_words.py",
            "tests/risk/test_clearance.py",
            "tests/risk/test_controls_properties.py",
            "tests/risk/test_gate_properties.py",
        ),
    ),
    Group(
        ("risk/breakers/*.py", "risk/breaker_settings.py"),
        (
            "tests/risk/test_breaker_settings.py",
            "tests/engine/test_breakers_together.py",
            "tests/engine/test_breakers.py",
        ),
    ),
    Group(
        ("risk/exits/*.py",),
        (
            "tests/risk/exits/test_exit_rules.py",
            "tests/engine/test_exits.py",
            "tests/engine/test_exits_any_order.py",
        ),
    ),
    Group(("risk/sizing/*.py",), ("tests/risk/sizing/*.py", "tests/engine/test_sizing.py")),
    Group(
        ("risk/rules/*.py", "risk/rule_settings.py"),
        ("tests/risk/test_rules.py", "tests/engine/test_rules_engine.py", "tests/risk/test_rules_properties.py"),
    ),
    Group(("risk/held_checks.py",), ("tests/risk/test_held_checks.py", "tests/engine/test_kept_orders.py")),
    Group(
        ("risk/replacing.py", "risk/revisions.py"),
        (
            "tests/risk/test_gate_replace.py",
            "tests/risk/test_gate_freezes.py",
            "tests/risk/test_rules.py",
            "tests/engine/test_replacing.py",
        ),
    ),
    Group(
        ("risk/limits.py", "risk/limit_changes.py", "risk/control_settings.py"),
        (
            "tests/risk/test_risk_limits.py",
            "tests/risk/test_breaker_settings.py",
            "tests/risk/test_limit_words.py",
            "tests/risk/test_controls.py",
            "tests/risk/test_rules.py",
            "tests/engine/test_limit_commands.py",
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
PYTEST = (
    "-qx", "-n0", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning", "--rootdir", str(ROOT)
)  # fmt: skip # the warning: plugins are imported already
# A mutant may never end, or take all memory: then it is killed as well. Seconds of its own, whatever else runs here.
CPU_MOST_S = 120
MEMORY_MOST = 8 * 2**30

EQUIVALENT: dict[str, str] = {}
"""By the mutated line, as written, and the operator: why no test can tell it from the original."""


class Mutant(NamedTuple):
    """One comparison of a file turned into another."""

    path: str
    line: int
    text: str  # of the line
    swap: str
    source: str

    @property
    def name(self) -> str:
        """The key of `EQUIVALENT`."""
        return f"{self.text} [{self.swap}]"


def mutants_of(path: str) -> Iterator[Mutant]:
    """Yield every mutant of a file."""
    source = (ROOT / path).read_text(encoding="utf-8")
    lines, tree = source.splitlines(), ast.parse(source)
    for place, node in enumerate(ast.walk(tree)):
        if not isinstance(node, ast.Compare):
            continue
        for number, operator in enumerate(node.ops):
            for other in SWAPS[type(operator)]:
                changed = copy.deepcopy(tree)
                twin = next(each for at, each in enumerate(ast.walk(changed)) if at == place)
                assert isinstance(twin, ast.Compare)
                twin.ops[number] = other()
                text = lines[node.lineno - 1].strip()
                swap = f"{type(operator).__name__} to {other.__name__}"
                yield Mutant(path, node.lineno, text, swap, ast.unparse(changed))


class Loader(SourceFileLoader):
    """Loads a mutant as the module whose file it changes, whatever was compiled of that before."""

    def __init__(self, mutant: Mutant) -> None:
        """Stand for the mutant's file."""
        super().__init__(mutant.path.removesuffix(".py").replace("/", "."), str(ROOT / mutant.path))
        self.source = mutant.source

    def get_code(self, fullname: str) -> types.CodeType:
        """Return the mutant, compiled."""
        return compile(self.source, self.path, "exec", dont_inherit=True)

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Let the mutant be found; this makes it a finder of `sys.meta_path`."""
        return spec_from_file_location(fullname, loader=self) if fullname == self.name else None


def prepare() -> None:
    """Import what all tests need and no mutant changes, and let a failing property say no more than that it fails."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a process that forks has no other threads
    for name in ("msgspec", "numpy", "scipy.optimize", "strategies"):  # that knows nothing of risk
        importlib.import_module(name)
    settings.register_profile(
        "mutants", derandomize=True, deadline=None, max_examples=30, phases=(Phase.explicit, Phase.generate)
    )
    os.environ["TICKERD_HYPOTHESIS"] = "mutants"


def live(mutant: Mutant | None, tests: Sequence[str]) -> NoReturn:
    """Run tests with a mutant, or without any; the exit status is 0 where all of them pass."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_MOST_S, CPU_MOST_S))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MOST, MEMORY_MOST))
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(silence, stream.fileno())
    if mutant is not None:
        sys.dont_write_bytecode = True  # of what looks as usual, the mutants beside it can make use
        sys.meta_path.insert(0, Loader(mutant))
    os._exit(pytest.main([*PYTEST, *tests]))


def survivors_of(mutants: Sequence[Mutant | None], tests: Sequence[str], jobs: int) -> Iterator[Mutant | None]:
    """Yield the mutants with which all tests pass, as they are found; None stands for the file as it is."""
    waiting, running = list(mutants[::-1]), dict[int, Mutant | None]()
    while waiting or running:
        if waiting and len(running) < jobs:
            mutant = waiting.pop()
            child = os.fork()
            if not child:
                live(mutant, tests)
            running[child] = mutant
            continue
        child, status = os.wait()
        mutant = running.pop(child)
        if not status:
            yield mutant


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
    unknown = set(named(files))
    prepare()
    for group in GROUPS:
        paths = [path for path in named(group.files) if path in unknown or not files]
        unknown -= set(paths)
        tests = named(group.tests)
        if paths and not list(survivors_of([None], tests, 1)):
            raise SystemExit(f"no mutant can be told from the files as they are: one of {', '.join(tests)} fails")
        for path in paths:
            mutants = [each for each in mutants_of(path) if each.name not in EQUIVALENT]
            found = [each for each in survivors_of(mutants, tests, jobs) if each is not None]
            sys.stdout.write(f"{path}: {len(mutants)} mutants, {len(found)} alive\n")
            for each in found:
                sys.stdout.write(f"  {each.path}:{each.line}: {each.name}\n")
            sys.stdout.flush()
            alive += found
    if unknown:
        raise SystemExit(f"in no group of tests: {', '.join(sorted(unknown))}")
    return alive


def main() -> int:
    """Return 0 if every mutant is killed, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.risk.mutants", description="Mutation testing of risk.")
    parser.add_argument("files", nargs="*", help="only these, such as risk/controls/checks.py")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    return 1 if survivors(options.files, options.jobs) else 0


if __name__ == "__main__":
    raise SystemExit(main())
