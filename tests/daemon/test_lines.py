import os

from daemon.lines import Lines


def test_a_reader_who_has_stopped_reading_costs_lines_not_time_and_lines_stay_whole():
    reader, writer = os.pipe()
    lines = Lines(writer)
    try:
        for number in range(2_000):
            lines.offer(b"%d " % number + b"x" * 1_000)
        assert lines.dropped > 1_000
        told = os.read(reader, 1 << 20)
        lines.offer(b"after")
        lines.put(b"last words")
        told += os.read(reader, 1 << 20)
    finally:
        os.close(writer)
        os.close(reader)
    whole = told.split(b"\n")
    assert whole[-3:] == [b"after", b"last words", b""]
    for number, line in enumerate(whole[:-3]):
        assert line == b"%d " % number + b"x" * 1_000


def test_a_long_line_is_finished_before_the_next_begins():
    reader, writer = os.pipe()
    lines = Lines(writer)
    try:
        lines.offer(b"y" * 200_000)
        lines.offer(b"dropped")
        told = b""
        while len(told) < 200_001:
            told += os.read(reader, 1 << 16)
            lines.offer(b"")
    finally:
        os.close(writer)
        os.close(reader)
    assert told.startswith(b"y" * 200_000 + b"\n")
    assert b"dropped" not in told
