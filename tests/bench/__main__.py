"""`python -m tests.bench`: measure everything, print a table, write bench.json."""

import argparse
import platform
import sys
import tempfile
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from tests.bench import gate, journaling, live, replaying, trading, wire
from tests.bench.figures import Figure

PARTS = ["process", "replay", "journal", "trading", "ingest", "latency"]


def main() -> int:
    """Measure what was asked for and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure tickerd on this machine.")
    parser.add_argument("--runs", type=int, default=5, help="runs of each figure; the median counts (default 5)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full amount of data (default 1)")
    parser.add_argument(
        "--only", choices=["replay", "ingest", "latency", "journal", "process", "trading"], action="append"
    )
    parser.add_argument("--out", type=Path, default=Path("bench.json"))
    options = parser.parse_args()
    wanted = options.only or PARTS
    live.pin()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="tickerd-bench-") as name:
        folder = Path(name)
        for part in wanted:
            sys.stderr.write(f"measuring {part} …\n")
            if part == "replay":
                figures += replaying.measure(folder, options.runs, options.scale)
            elif part == "journal":
                figures += journaling.measure(folder, options.runs, options.scale)
            elif part == "trading":
                figures += gate.measure(options.scale)
                figures += trading.measure(folder, options.runs, options.scale)
                figures += wire.measure(folder, options.scale)
                figures += live.restart(folder, options.runs, options.scale)
            elif part == "ingest":
                figures += live.ingest(folder, options.runs, options.scale)
            elif part == "latency":
                figures += live.tick_to_order(folder, options.scale)
            else:
                figures += live.process(folder, options.runs)
    show(figures)
    machine = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system()}
    result = {"machine": machine, "runs": options.runs, "scale": options.scale, "figures": figures}
    before = msgspec.json.decode(options.out.read_bytes()) if options.out.exists() else {}
    if "peers" in before:
        result["peers"] = before["peers"]  # `make bench-peers` measured them
    options.out.write_bytes(msgspec.json.format(msgspec.json.encode(result)))
    return 0


def show(figures: list[Figure]) -> None:
    """Print the table."""
    table = Table(title="tickerd, one core")
    for column in ("figure", "what", "value", "unit", "goal", ""):
        table.add_column(column, justify="right" if column in {"value", "goal"} else "left")
    for figure in figures:
        digits = 0 if figure.value >= 1000 else 2
        mark = {None: "", True: "reached", False: "MISSED"}[figure.reached]
        goal = f"{figure.goal:,.0f}" if figure.goal else ""
        table.add_row(figure.name, figure.detail, f"{figure.value:,.{digits}f}", figure.unit, goal, mark)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
