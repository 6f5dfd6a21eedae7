"""`python -m tests.bench.table docs/bench.json`: the figures as the table that README shows."""

import argparse
import re
import sys
from pathlib import Path

import msgspec

from tests.bench.figures import Figure

_SHARE = re.compile(r"^(?P<detail>.*?),? *(?P<share>p[\d.]+)(?: of (?P<count>[\d,]+))?$")


class Bench(msgspec.Struct, frozen=True):
    """What `make bench` wrote."""

    machine: dict[str, str | int | float]
    runs: int
    scale: float
    figures: list[Figure]


def table(bench: Bench) -> str:
    """Return where the figures come from and a markdown table; the percentiles of one measurement share a row."""
    rows: dict[tuple[str, str], list[tuple[str, Figure]]] = {}
    for figure in bench.figures:
        found = _SHARE.match(figure.detail)
        detail, share = (found["detail"], found["share"]) if found else (figure.detail, "")
        rows.setdefault((figure.name, detail), []).append((share, figure))
    where = ", ".join(str(bench.machine.get(name, "")) for name in ("machine", "system"))
    python = bench.machine.get("python", "")
    source = f"By `make bench`: one core, {where}, CPython {python}, medians of {bench.runs} runs"
    lines = [f"{source} ([bench.json](docs/bench.json)).", ""]
    lines += ["| figure | of what | measured | goal |", "| --- | --- | ---: | ---: |"]
    lines += [_row(name, detail, parts) for (name, detail), parts in rows.items()]
    return "\n".join(lines) + "\n"


def _row(name: str, detail: str, parts: list[tuple[str, Figure]]) -> str:
    """Return one row of figures that differ in their percentile alone."""
    shares = "/".join(share for share, _ in parts if share)
    what = f"{detail}, {shares}" if shares else detail
    values = " / ".join(number_text(figure.value) for _, figure in parts)
    goals = " / ".join(_goal_text(figure) for _, figure in parts) if any(figure.goal for _, figure in parts) else ""
    return f"| `{name}` | {what} | {values} | {goals} |"


def _goal_text(figure: Figure) -> str:
    """Return a figure's goal, and that it was missed where it was."""
    if not figure.goal:
        return "-"
    text = f"{'≥' if figure.higher else '≤'} {number_text(figure.goal)}"
    return text if figure.reached else f"{text} missed"


def number_text(value: float) -> str:
    """Return three significant digits of small numbers, whole ones of large ones."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def read(path: Path) -> Bench:
    """Return what `make bench` wrote to `path`."""
    return msgspec.json.decode(path.read_bytes(), type=Bench)


def main() -> int:
    """Print the table of a file and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.table", description="Figures as a markdown table.")
    parser.add_argument("file", type=Path, help="what `make bench` wrote")
    sys.stdout.write(table(read(parser.parse_args().file)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
