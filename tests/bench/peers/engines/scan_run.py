# mypy: ignore-errors
# Started as a script beside scenario.py, like the peers' scripts.
"""The limit: a compiled loop that only looks at 64-byte records. Runs in our own environment. Scenario: `scan`."""

import numba
import numpy as np
import scenario as given

RECORD = np.dtype([("crc", "u4"), ("kind", "u1"), ("flags", "u1"), ("instrument", "u2"), ("numbers", "i8", (7,))])


@numba.njit()
def scan(records: np.ndarray) -> int:  # pragma: no cover - compiled
    """Return something that depends on every record's kind, time and price."""
    total = 0
    for record in records:
        if record.kind == given.TRADE:
            total += record.numbers[2]
        total ^= record.numbers[0]
    return total


def main() -> None:
    """Copy the events into records, compile, then time one pass."""
    _, folder = given.arguments()
    rows = np.load(folder / "events.npy")
    records = np.zeros(len(rows), RECORD)
    records["kind"] = rows["kind"]
    records["numbers"][:, 0], records["numbers"][:, 2] = rows["ts_ns"], rows["price"]
    scan(records)
    with given.Timed() as took:
        scan(records)
    given.report(events=len(rows), orders=0, took=took, version=numba.__version__)


if __name__ == "__main__":
    main()
