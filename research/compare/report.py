"""A comparison as a person reads it: the orders that differ most, sums, and what to change in the simulator."""

import io

from research.compare.totals import Advice, Comparison, InstrumentRow, OrderRow
from research.compare.totals import Side as Half

_WHOLE = 1_000  # columns: wider than any row


def report_text(found: Comparison, limit: int, *, whole: bool = False) -> str:
    """Return the answer in lines; at most `limit` orders, those with the largest differences first.

    `whole`: ids in full and nothing cut off, for whoever is no terminal.
    """
    what = f"{found.session} ({found.mode}): {found.orders:,} orders over {found.events:,} events"
    lines = [f"{what}, {found.equal:,} the same to the unit at the simulated venue", ""]
    shown = sorted(found.rows, key=_weight, reverse=True)[:limit]
    lines += _table(shown, whole=whole)
    if len(found.rows) > len(shown):
        lines.append(
            f"({len(found.rows) - len(shown):,} more with smaller differences; --limit shows them, --json all)"
        )
    lines.append("")
    for row in found.instruments:
        lines += _sums(row)
    for advice in found.advice:
        lines += _advice(advice)
    return "\n".join(lines) + "\n"


def _weight(row: OrderRow) -> tuple[float, float]:
    """Return what an order is sorted by: its difference, then whether its quantities differ."""
    return abs(float(row.difference)), float(row.real.filled != row.sim.filled)


def _table(rows: list[OrderRow], *, whole: bool) -> list[str]:
    """Return a table of orders."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("order", "what", "venue", "simulated", "slippage ppm", "difference"):
        right = title in {"slippage ppm", "difference"}
        table.add_column(title, justify="right" if right else "left", no_wrap=title != "what")
    for row in rows:
        table.add_row(
            row.client_order_id if whole else row.client_order_id[-6:].lstrip("0") or "0",
            f"{row.side} {row.quantity} {row.instrument.partition('.')[0]} {row.type}{_replaced(row)}",
            _half(row.real),
            row.skipped or _half(row.sim),
            f"{_ppm(row.real)} / {_ppm(row.sim)}",
            row.difference,
        )
    console = Console(file=io.StringIO(), width=_WHOLE if whole else 110, highlight=False)
    with console.capture() as capture:
        console.print(table)
    return [line.rstrip() for line in capture.get().splitlines()]


def _replaced(row: OrderRow) -> str:
    """Return how often an order was replaced, where it was."""
    return f", replaced {row.replaced} x" if row.replaced else ""


def _half(half: Half) -> str:
    """Return one venue's part in few words."""
    return f"{half.filled} @ {half.price}" if half.price else half.state


def _ppm(half: Half) -> str:
    """Return a slippage."""
    return "-" if half.slippage_ppm is None else f"{half.slippage_ppm:+.1f}"


def _sums(row: InstrumentRow) -> list[str]:
    """Return one instrument's sums."""
    skipped = f", {row.skipped} of them not compared" if row.skipped else ""
    what = " of the orders compared" if row.skipped else ""
    return [
        f"{row.instrument}: {row.orders} orders{skipped}; filled {row.filled_real}, simulated {row.filled_sim}",
        f"  position{what} {row.position_real}, simulated {row.position_sim}",
        f"  profit{what}   {row.profit_real} {row.currency}, simulated {row.profit_sim}: {row.difference} between them",
    ]


def _advice(advice: Advice) -> list[str]:
    """Return what the simulator should have done."""
    paid = f"slippage {advice.slippage_real_ppm:+.1f} ppm, simulated {advice.slippage_sim_ppm:+.1f}"
    missing = f"{advice.slippage_missing_ppm:+.1f} ppm more ({advice.ticks_missing:+.2f} ticks)"
    waited = f"{advice.answered_real_ms:.1f} ms, simulated {advice.answered_sim_ms:.1f} ms"
    lines = [
        f"  takers   {advice.takers}: {paid}: it should have charged {missing}",
        f"  answered after {waited} ([paper.sim] entry_latency_ns and response_latency_ns together)",
    ]
    ticks = round(advice.ticks_missing)
    if ticks > 0:
        lines.append(f'  [paper.sim] impact = {{ model = "ticks", ticks = {ticks} }} would have charged that')
    return lines
