"""`python -m tests.bench.table docs/bench.json`: the figures as the tables that README and the pages of docs show."""

import argparse
import re
import sys
from pathlib import Path

import msgspec

from tests.bench.figures import Figure
from tests.bench.peers.figures import BUSY, Compared, Peers, Side

_SHARE = re.compile(r"^(?P<detail>.*?),? *(?P<share>p[\d.]+)(?: of (?P<count>[\d,]+))?$")


class Bench(msgspec.Struct, frozen=True):
    """What `make bench` wrote."""

    machine: dict[str, str | int | float]
    runs: int
    scale: float
    figures: list[Figure]
    peers: Peers | None = None


def table(bench: Bench, *, goals_only: bool = False) -> str:
    """Return where the figures come from and a markdown table; the percentiles of one measurement share a row.

    `goals_only`: the rows with a goal alone, as README shows them.
    """
    rows: dict[tuple[str, str], list[tuple[str, Figure]]] = {}
    for figure in bench.figures:
        found = _SHARE.match(figure.detail)
        detail, share = (found["detail"], found["share"]) if found else (figure.detail, "")
        rows.setdefault((figure.name, detail), []).append((share, figure))
    if goals_only:
        rows = {row: parts for row, parts in rows.items() if any(figure.goal for _, figure in parts)}
    where = ", ".join(str(bench.machine.get(name, "")) for name in ("machine", "system"))
    python = bench.machine.get("python", "")
    source = f"By `make bench`: one core, {where}, CPython {python}, medians of {bench.runs} runs"
    lines = [f"{source} {'([all figures](docs/bench.md))' if goals_only else '([bench.json](bench.json))'}.", ""]
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


def peers_table(peers: Peers) -> str:
    """Return where the figures come from and a markdown table: the peers, ours and the ratio."""
    python = f"{peers.machine.get('machine', '')}, {peers.machine.get('system', '')}"
    source = f"By `make bench-peers`: the same data and strategy in turn on one core, {python}"
    lines = [f"{source}, medians of {peers.runs} runs ([bench.json](bench.json)).", ""]
    lines += ["| of what | peer | theirs | ours | ratio | goal |", "| --- | --- | ---: | ---: | ---: | ---: |"]
    lines += [_peer_row(row) for row in peers.rows]
    return "\n".join(lines) + "\n"


def _peer_row(row: Compared) -> str:
    """Return one row; what could not be measured is a dash, a missed goal is said."""
    goal = f"≥ {row.goal:g}" if row.goal else ""
    if row.reached is False:
        goal += " missed"
    ratio = f"{row.ratio:.3g}" if row.ratio else "-"
    theirs, mine = _side_text(row.theirs, row.unit), _side_text(row.ours, row.unit)
    peer = f"{row.peer} {row.theirs.version}".strip()
    return f"| {row.title} | {peer} | {theirs} | {mine} | {ratio} | {goal} |"


def _side_text(side: Side, unit: str) -> str:
    """Return rate, orders and memory of one side, and that it had to share its core."""
    if side.missing:
        return "-"
    orders = f", {side.orders:,} orders" if side.orders else ""
    shared = ", core shared" if side.waited > BUSY else ""
    return f"{number_text(side.rate)} {unit}{orders}, {side.peak_rss_mb:,.0f} MB{shared}"


def number_text(value: float) -> str:
    """Return three significant digits of small numbers, whole ones of large ones."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def read(path: Path) -> Bench:
    """Return what `make bench` wrote to `path`."""
    return msgspec.json.decode(path.read_bytes(), type=Bench)


def main() -> int:
    """Print the tables of a file and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.table", description="Figures as markdown tables.")
    parser.add_argument("file", type=Path, help="what `make bench` wrote")
    bench = read(parser.parse_args().file)
    sys.stdout.write(table(bench, goals_only=True) + "\n" + table(bench))
    if bench.peers:
        sys.stdout.write("\n" + peers_table(bench.peers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
