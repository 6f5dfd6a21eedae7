"""A process that journals as fast as it can and tells on standard output what the kernel has, until it is killed.

    python -m tests.crash.journal_child FOLDER SEED POLICY

After each flush it reports 16 bytes: the first sequence number that is not written, the number of records that are.
"""

import os
import random
import struct
import sys
from pathlib import Path

from core.records import Event, Kind
from journal.head import Build, FlushPolicy, SessionHead
from journal.writer import JournalWriter

REPORT = struct.Struct("<QQ")
SEGMENT_BYTES = 96 << 10  # small: new segments are begun often
START_NS = 1_723_111_000_000_000_000


def payload(number: int) -> bytes | None:
    """The payload of record `number`; None where it is a plain record."""
    if number % 4:
        return None
    return number.to_bytes(8, "little") * (number * 7 % 90)


def event(number: int) -> Event:
    """Record `number` where it is a plain one."""
    return (Kind.QUOTE, number & 0xFF, number & 0xFFF, START_NS + number, number, -number, number, 3, 4, 5)


def main(folder: Path, seed: int, policy: FlushPolicy) -> None:
    rng = random.Random(seed)
    head = SessionHead(
        session_id=folder.name,
        started_ns=START_NS,
        mode="paper",
        seed=seed,
        build=Build("0", ""),
        config_digest="",
        config={},
        libraries={},
        python="",
        flush_policy=policy,
    )
    writer = JournalWriter.create(folder, head, segment_bytes=SEGMENT_BYTES)
    number = 0
    while True:
        # Mostly the small groups of a live session, sometimes one of many pages, which a kill can cut in two.
        for _ in range(rng.choice((1, 2, 5, 20, 20, 1500))):
            data = payload(number)
            if data is None:
                writer.append_event(event(number))
            else:
                writer.append_payload(Kind.RAW, 0, 0, START_NS, data)
            number += 1
        written = writer.flush(durable=rng.random() < 0.1)
        os.write(1, REPORT.pack(written, number))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), FlushPolicy(sys.argv[3]))
