"""Makes `docs/conformance.md` from the register: `python -m tests.conformance.table`."""

from pathlib import Path

from tests.conformance import cases_faults, cases_orders
from tests.conformance.case import CASES

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
VENUES = {"spot": "Binance spot", "usdm": "Binance USDⓈ-M"}
OFFERS = {"spot": {"iceberg", "halt"}, "usdm": {"reduce-only", "listen-key"}}
ELSEWHERE = {
    "F06": "a trade id that two orders share: `tests/oms` (executions are booked by order and id)",
    "F14": "corrections and busts: `tests/oms`; Binance sends none",
    "F17": "order ids that are used again: the epoch in every client order id, `tests/core`, `tests/oms`",
}
HEAD = """\
# Conformance of trading connectors

Every trading connector passes these cases, run with the core (an engine that reconciles) against the embedded venue
over real sockets: `python -m pytest tests/conformance`. Another venue's connector plugs in by one adapter, the protocol
`Venue` in `tests/conformance/venue.py`.

Each case ends with the faults taken off, and then must hold, against `GET /emulator/ledger`:

- I1: no order at the venue that was not meant before it was sent;
- I2: at most one live order of each intent, and none sent twice;
- I3: our fills are the venue's as sets of order, id, price, quantity and fee;
- I4: what may still fill at the venue is reserved here;
- I6: once trading ends, nothing more is opened;
- I7: our books are the venue's within 30 seconds, with no order left UNKNOWN.

This page is made from the suite (`python -m tests.conformance.table`), and a test holds it to that.
"""


def page() -> str:
    """Return the page as the register has it."""
    assert CASES.keys() >= {1}, f"{cases_orders} and {cases_faults} fill the register"
    lines = [HEAD, f"| Case | What must hold | Faults | {' | '.join(VENUES.values())} |", "|---|---|---|---|---|"]
    for _, one in sorted(CASES.items()):
        cells = []
        for venue in VENUES:
            offered = not one.needs or one.needs in OFFERS[venue]
            cells.append(("not yet" if venue in one.broken else "passes") if offered else f"no {one.needs}")
        lines.append(f"| {one.name} | {one.says} | {', '.join(one.faults)} | {' | '.join(cells)} |")
    lines += ["", "Proved elsewhere, because no connector can bring them about here:", ""]
    lines += [f"- {fault}, {where}" for fault, where in ELSEWHERE.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
