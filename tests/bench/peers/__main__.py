"""`python -m tests.bench.peers`: measure the peers in turn with ours, print a table, merge it into bench.json."""

import argparse
import os
import platform
import sys
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from tests.bench.peers.data import prepare
from tests.bench.peers.environments import environments
from tests.bench.peers.figures import BUSY, Compared, Peers, Side
from tests.bench.peers.rows import SCAN, rows
from tests.bench.peers.running import ROOT, measure, our_command, peer_command

VAR = ROOT / "var" / "peers"
WIDTH = 170  # of the table where no terminal says another one


def main() -> int:
    """Measure what was asked for and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.peers", description="Measure tickerd beside its peers on this machine."
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each side, in turn; the medians count (default 5)")
    parser.add_argument("--only", action="append", metavar="ROW", help="a row by name, as often as wanted")
    parser.add_argument("--peer", action="append", metavar="PEER", help="a peer by name, as often as wanted")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full amount of data (default 1)")
    parser.add_argument("--out", type=Path, default=Path("bench.json"), help="merged into this file under `peers`")
    options = parser.parse_args()
    data = prepare(VAR / "data", options.scale)
    known = rows(len(np.load(data / "bars.npy", mmap_mode="r")))
    for asked, names in ((options.only, {row.name for row in known}), (options.peer, {row.peer for row in known})):
        unknown = set(asked or ()) - names
        if unknown:
            parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(sorted(names))}")
    wanted = [row for row in known if row.name in (options.only or [row.name])]
    wanted = [row for row in wanted if row.peer in (options.peer or [row.peer])]
    pythons = environments(VAR, sorted({row.peer for row in wanted} - {SCAN})) | {SCAN: Path(sys.executable)}
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # the scripts inherit it
    theirs, mine = peer_command(pythons, data), our_command(data)
    measured = []
    for row in wanted:
        sys.stderr.write(f"measuring {row.name} in {row.peer} and here, {options.runs} times each ...\n")
        measured.append(measure(row, options.runs, theirs, mine, VAR / "scratch"))
    show(measured)
    python = {"python": platform.python_version(), "machine": platform.machine(), "system": platform.system()}
    options.out.write_bytes(
        merged(options.out, Peers(machine=python, runs=options.runs, scale=options.scale, rows=measured))
    )
    return 0


def merged(out: Path, peers: Peers) -> bytes:
    """Return what `out` holds with these rows put in place of older ones; rows that were not measured stay."""
    whole = msgspec.json.decode(out.read_bytes()) if out.exists() else {}
    rest = [row for row in whole.get("peers", {}).get("rows", []) if (row["name"], row["peer"]) not in peers.keys]
    whole["peers"] = msgspec.to_builtins(peers)
    whole["peers"]["rows"] += rest
    return msgspec.json.format(msgspec.json.encode(whole))


def show(measured: list[Compared]) -> None:
    """Print the table; below it what is missing, and which figures stood in line for the core."""
    table = Table(title="tickerd beside its peers, one core; rate, orders, memory")
    for column in ("figure", "peer", "theirs", "ours", "ratio", "goal", ""):
        table.add_column(column, justify="left" if column in {"figure", "peer", ""} else "right", no_wrap=True)
    for row in measured:
        mark = {None: "", True: "reached", False: "MISSED"}[row.reached]
        ratio, goal = f"{row.ratio:.2f}" if row.ratio else "-", f"{row.goal:g}" if row.goal else ""
        theirs, mine = _cell(row.theirs, row.unit), _cell(row.ours, row.unit)
        table.add_row(row.name, f"{row.peer} {row.theirs.version}", theirs, mine, ratio, goal, mark)
    console = Console()
    console = console if console.is_terminal else Console(width=WIDTH)
    console.print(table)
    for row in measured:
        for side, name in ((row.theirs, row.peer), (row.ours, "tickerd")):
            if side.missing:
                console.print(f"{row.name}, {name}: {side.missing}", markup=False, highlight=False)
            elif side.waited > BUSY:
                text = f"{row.name}, {name}: the core was shared ({side.waited:.2f} x its time); measure again"
                console.print(text, highlight=False)


def _cell(side: Side, unit: str) -> str:
    """Return rate, orders and memory of one side."""
    if side.missing:
        return "-"
    digits = 0 if side.rate >= 1_000 else 2
    return f"{side.rate:,.{digits}f} {unit} {side.orders:>8,} {side.peak_rss_mb:>6,.0f} MB"


if __name__ == "__main__":
    sys.exit(main())
