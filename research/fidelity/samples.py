"""The records around a single order whose outcome differs, as lines for people."""

from collections.abc import Iterator

from research.fidelity.causes import NOT_TOLD, Told
from research.fidelity.peer_data import TRADE, Rows
from research.fidelity.plan import ENTRY_NS, MS, Script
from research.fidelity.recording import Recorded

_LINES = 4  # before their fill, and again up to ours


def samples(recorded: Recorded, rows: Rows, script: Script, told: list[Told]) -> Iterator[tuple[str, str]]:
    """Yield (cause, text) for each cause, of its first order that both filled with the small quantity."""
    seen: set[str] = set()
    for each in told:
        if each.cause in seen or each.cause == NOT_TOLD or each.kind not in {"began", "ended"}:
            continue
        if script[each.row]["quantity"] == script["quantity"].min() and script[each.row]["behind"] >= 0:
            seen.add(each.cause)
            yield each.cause, _text(recorded, rows, script, each)


def _text(recorded: Recorded, rows: Rows, script: Script, told: Told) -> str:
    """Return the order, and the rows that touch it, in ms since its arrival."""
    instrument, asked = recorded.instrument, script[told.row]
    side, price = int(asked["side"]), int(asked["tick"]) * instrument.tick
    arrived_ns = int(asked["submit_ns"]) + ENTRY_NS
    last_ns = max(told.theirs.last_ns, told.ours.last_ns)
    near = rows[(rows["ns"] >= arrived_ns) & (rows["ns"] <= last_ns)]
    own = (near["kind"] != TRADE) & (near["side"] == side) & (near["price"] == price)
    better = (price - near["price"]) * side
    met = (near["side"] == -side) & (better >= 0)
    chosen = near[own | met]
    before, after = chosen[chosen["ns"] < told.theirs.first_ns], chosen[chosen["ns"] >= told.theirs.first_ns]
    word = "buy" if side > 0 else "sell"
    quantity = instrument.quantity_text(int(asked["quantity"]))
    known = rows[(rows["ns"] < arrived_ns) & (rows["kind"] != TRADE) & (rows["side"] == side)]
    shown = known[known["price"] == price]["quantity"]
    ahead = instrument.quantity_text(int(shown[-1]) if len(shown) else 0)
    lines = [f"{word} {quantity} at {instrument.price_text(price)} arrives; {ahead} are shown there"]
    lines += [f"  ... {len(before) - _LINES} rows"] if len(before) > _LINES else []
    lines += [_line(recorded, row, arrived_ns, price) for row in before[-_LINES:]]
    if len(after) > 2 * _LINES:
        lines += [_line(recorded, row, arrived_ns, price) for row in after[:_LINES]]
        lines.append(f"  ... {len(after) - 2 * _LINES} rows")
        after = after[-_LINES:]
    lines += [_line(recorded, row, arrived_ns, price) for row in after]
    theirs, ours = ((each.last_ns - arrived_ns) / MS for each in (told.theirs, told.ours))
    begins = (told.ours.first_ns - arrived_ns) / MS
    lines.append(f"hftbacktest fills it at {theirs:.3f} ms, tickerd from {begins:.3f} to {ours:.3f} ms")
    return "\n".join(lines)


def _line(recorded: Recorded, row: "Rows", arrived_ns: int, price: int) -> str:
    """Return one row in words."""
    instrument = recorded.instrument
    at = f"  {(int(row['ns']) - arrived_ns) / MS:>10.3f} ms  "
    quantity, level = instrument.quantity_text(int(row["quantity"])), instrument.price_text(int(row["price"]))
    if row["kind"] == TRADE:
        through = "" if row["price"] == price else ", through our price"
        return f"{at}trade of {quantity} at {level}{through}"
    side = "bids" if row["side"] > 0 else "asks"
    return f"{at}{side} show {quantity} at {level}"
