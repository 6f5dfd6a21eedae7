"""Every recorded frame goes in over a real socket, comes out of the export equal, and the session replays anywhere.

The venue and the daemon are processes of their own. What should come out is read from the files by other code
(`recording.py`), so that a mistake of the product cannot hide in the test.
"""

import signal
from pathlib import Path

import pytest

from tests.acceptance import exports, proof
from tests.acceptance.processes import Daemon, Venue, until, wait_all_read
from tests.acceptance.recording import Recording, read
from tests.acceptance.settings import strategy_tables, venue_table, write_settings

SPOT_BTC = "spot-btcusdt"
SPOT_ETH = "spot-ethusdt"
USDM_BTC = "usdm-btcusdt"


def recorded_file(folder: Path, name: str) -> Path:
    """The file whose name begins so; whichever day it was recorded."""
    found = sorted((folder / "binance").glob(f"{name}*.gz"))
    if not found:
        pytest.skip(f"no {name}*.gz in {folder / 'binance'}")
    return found[0]


def run_to_the_end(venue: Venue, settings: Path, connections: int = 1) -> Path:
    """Have the daemon read all there is, then drain; returns the session."""
    with Daemon(settings) as daemon:
        session = daemon.session
        daemon.wait_ready()
        venue.wait_finished()
        wait_all_read(venue, daemon, connections)
        summary = daemon.stop()
    assert summary["malformed"] == {"unknown stream": connections}, "only the frame that marks the end"
    assert not [line for line in daemon.stderr.splitlines() if "error" in line.lower()], daemon.stderr
    return session


def assert_same(session: Path, expected: dict[str, Recording]) -> None:
    """Everything told and every book equals what was read from the files."""
    told = exports.told(session)
    assert told.keys() == expected.keys()
    for instrument, recording in expected.items():
        for number, (ours, theirs) in enumerate(zip(told[instrument], recording.told, strict=False)):
            assert ours == theirs, f"{instrument}: fact {number} of the recording"
        assert len(told[instrument]) == len(recording.told)
    assert exports.books(session) == {
        instrument: (recording.book, recording.last_update_id) for instrument, recording in expected.items()
    }


@pytest.mark.slow  # the same frames as below, where all three recordings run in one daemon
@pytest.mark.parametrize(
    ("name", "connector", "symbol"),
    [
        (SPOT_BTC, "binance-spot", "BTCUSDT"),
        (SPOT_ETH, "binance-spot", "ETHUSDT"),
        (USDM_BTC, "binance-usdm", "BTCUSDT"),
    ],
)
def test_every_frame_at_full_speed_comes_out_equal_and_replays(recorded_dir, tmp_path, name, connector, symbol):
    file = recorded_file(recorded_dir, name)
    instrument = f"{symbol}.BINANCE"
    with Venue(tmp_path, "--frames", file, "--speed", "max") as venue:
        table = venue_table(venue, symbol, connector=connector)
        session = run_to_the_end(venue, write_settings(tmp_path, table, strategy_tables(instrument)))
        sent = venue.state()
    recording = read(file)
    assert sent["frames_passed"] == recording.frames + 1, "the recording, with its snapshot"
    assert_same(session, {instrument: recording})
    proof.replays_everywhere(session)


@pytest.mark.slow
def test_three_recordings_of_both_markets_in_one_daemon_come_out_equal_and_replay(recorded_dir, tmp_path):
    files = [recorded_file(recorded_dir, name) for name in (SPOT_BTC, SPOT_ETH, USDM_BTC)]
    with Venue(tmp_path, "--frames", *files, "--speed", "max") as venue:
        tables = (
            venue_table(venue, "BTCUSDT", "ETHUSDT"),
            venue_table(venue, "BTCUSDT", name="binance-usdm", connector="binance-usdm"),
            strategy_tables("BTCUSDT.BINANCE"),
        )
        session = run_to_the_end(venue, write_settings(tmp_path, *tables), connections=2)
    instruments = ("BTCUSDT.BINANCE", "ETHUSDT.BINANCE", "BTCUSDT.BINANCE-USDM")
    assert_same(session, {instrument: read(file) for instrument, file in zip(instruments, files, strict=True)})
    proof.replays_everywhere(session)


@pytest.mark.slow
def test_at_a_live_pace_no_frame_is_lost_or_doubled_while_connections_are_replaced(recorded_dir, tmp_path):
    """Strategies trade meanwhile, and the process is stopped for a moment as a busy host would."""
    file = recorded_file(recorded_dir, SPOT_ETH)
    with Venue(tmp_path, "--frames", file, "--speed", "60") as venue:
        table = venue_table(venue, "ETHUSDT", extra="rotate_after_s = 0.5")
        with Daemon(write_settings(tmp_path, table, strategy_tables("ETHUSDT.BINANCE"))) as daemon:
            session = daemon.session
            daemon.wait_ready()
            until(lambda: bool(venue.state()["connections"] == 2), "a second connection beside the first")
            daemon.signal(signal.SIGSTOP)
            passed = venue.state()["frames_passed"]
            venue.wait_passed(passed + 2_000)
            daemon.signal(signal.SIGCONT)
            until(lambda: bool(venue.state()["connections"] == 1), "the second connection alone")
            venue.wait_finished()
            wait_all_read(venue, daemon, venue.state()["connections"])
            summary = daemon.stop()
    assert summary["malformed"].keys() == {"unknown stream"}
    recording, told = read(file), exports.told(session)["ETHUSDT.BINANCE"]
    # Two connections side by side each keep the order of a stream; between streams, the faster one tells first.
    for kind in ("trade", "quote", "book"):
        ours, theirs = ([row for row in rows if row[0] == kind] for rows in (told, recording.told))
        assert ours == theirs, kind
    assert exports.books(session) == {"ETHUSDT.BINANCE": (recording.book, recording.last_update_id)}
    assert exports.export(session, "fills"), "strategies traded"
    proof.replays_everywhere(session)
