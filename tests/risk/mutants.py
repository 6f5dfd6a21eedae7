"""Mutation testing of the gate: `python -m tests.risk.mutants [FILE ...]` turns each comparison around, one at a time.

Every mutant must make a test of `tests/risk` fail; one that survives is a boundary that nobody looks at. A mutant that
means the same as the original is named in `EQUIVALENT`, with the reason.
"""

import argparse
import ast
import copy
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGES = ("core", "oms", "risk")
TESTS = (
    "test_controls.py",
    "test_gate_checks.py",
    "test_gate.py",
    "test_gate_replace.py",
    "test_gate_freezes.py",
    "test_account_checks.py",
    "test_held_checks.py",
    "test_risk_limits.py",
    "test_limit_words.py",
    "test_clearance.py",
    "test_controls_properties.py",
    "test_gate_properties.py",
)
FILES = (
    "risk/order_checks.py",
    "risk/market_checks.py",
    "risk/limit_checks.py",
    "risk/account_checks.py",
    "risk/figures.py",
    "risk/rate.py",
    "risk/gate.py",
    "risk/limit_words.py",
    "risk/controls/checks.py",
    "risk/controls/cells.py",
    "risk/controls/asked.py",
    "risk/controls/clearance.py",
    "risk/controls/control.py",
    "risk/controls/day.py",
    "risk/controls/depth.py",
    "risk/controls/headroom.py",
    "risk/controls/lists.py",
    "risk/controls/scope.py",
    "risk/controls/sums.py",
    "risk/controls/tail_risk.py",
    "risk/controls/window.py",
    "risk/controls/worth.py",
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
TIMEOUT_S = 300.0

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


def survives(mutant: Mutant, folder: Path) -> bool:
    """Return whether all tests pass with a mutant; `folder` is a copy of the packages that nobody else uses."""
    place = folder / mutant.path
    original = place.read_text(encoding="utf-8")
    place.write_text(mutant.source, encoding="utf-8")
    tests = [f"tests/risk/{name}" for name in TESTS if (folder / "tests" / "risk" / name).exists()]
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return False
    finally:
        place.write_text(original, encoding="utf-8")
    return done.returncode == 0


def copied(folder: Path) -> Path:
    """Return a copy of the packages and their tests, for mutants to be made in."""
    for name in (*PACKAGES, "tests/risk"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tests/__init__.py", "tests/conftest.py", "pyproject.toml"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, folder / name)
    return folder


def survivors(files: tuple[str, ...], jobs: int) -> list[Mutant]:
    """Return the mutants that no test kills and nobody explained, telling of each file."""
    found: list[Mutant] = []
    with tempfile.TemporaryDirectory(prefix="mutants") as root:
        free = [copied(Path(root) / str(number)) for number in range(jobs)]

        def look(mutant: Mutant) -> Mutant | None:
            folder = free.pop()
            try:
                return mutant if survives(mutant, folder) else None
            finally:
                free.append(folder)

        for path in files:
            mutants = [each for each in mutants_of(path) if each.name not in EQUIVALENT]
            with ThreadPoolExecutor(jobs) as pool:
                alive = [each for each in pool.map(look, mutants) if each is not None]
            sys.stdout.write(f"{path}: {len(mutants)} mutants, {len(alive)} alive\n")
            for each in alive:
                sys.stdout.write(f"  {each.path}:{each.line}: {each.name}\n")
            sys.stdout.flush()
            found += alive
    return found


def main() -> int:
    """Return 0 if every mutant is killed, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.risk.mutants", description="Mutation testing of the gate.")
    parser.add_argument("files", nargs="*", default=FILES, help="only these, such as risk/controls/checks.py")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    return 1 if survivors(tuple(options.files), options.jobs) else 0


if __name__ == "__main__":
    raise SystemExit(main())
