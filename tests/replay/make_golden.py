"""Make the golden sessions anew: `python -m tests.replay.make_golden`. Read golden/README.md first.

A real daemon trades for some seconds on the embedded venue's synthetic market, in processes of their own; the two
false sessions are made from the true one. Nothing of any real market is in them.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import msgspec

from core.effects import OrderFilled, StrategyChanged
from core.records import SLOT_BYTES, Kind
from tests.acceptance.processes import Daemon, Venue
from tests.acceptance.settings import venue_table, write_settings
from tests.replay.forging import Forgery

GOLDEN = Path(__file__).parent / "golden"
TRUE, DIVERGING, FLIPPED = (GOLDEN / name for name in ("true", "diverging", "flipped"))
SEED = 11

# Breaks after a while: what becomes of a strategy that raises, and of its orders, is history too.
FRAGILE = '''
import statistics

from strategies.base import Strategy


class Fragile(Strategy):
    """Bids far below the market, sets a timer, follows bars, and fails when the timer fires."""

    def on_start(self):
        self.seen = 0
        self.subscribe_quotes(self.markets[0])
        self.subscribe_trades(self.markets[0])
        self.subscribe_book(self.markets[0])
        self.subscribe_bars(self.markets[0], "1s")
        self.set_timer("break", 600_000_000)

    def on_quote(self, quote):
        self.seen += 1
        if self.seen == 5:
            market = self.markets[0]
            self.buy(market, market.instrument.quantity("0.01"), market.instrument.price("60000"))

    def on_timer(self, timer):
        statistics.mean([])  # raises in the standard library, whose lines differ from Python to Python
'''

STRATEGIES = """
[[strategies]]
id = "ema"
use = "ema-cross"
instruments = ["BTCUSDT.BINANCE"]
params = { fast = 3, slow = 12, quantity = "0.01" }

[[strategies]]
id = "quoter"
use = "two-sided-quoter"
instruments = ["BTCUSDT.BINANCE"]
params = { quantity = "0.01", half_spread_bps = 0.2, requote_bps = 0.5, max_inventory = "0.03" }

[[strategies]]
id = "fragile"
use = "fragile.py:Fragile"
instruments = ["BTCUSDT.BINANCE"]

[risk]
max_open_orders = 3
max_orders_per_second = 6
"""


def record(folder: Path) -> Path:
    """Run the daemon on the synthetic market; returns the session."""
    (folder / "fragile.py").write_text(FRAGILE)
    with Venue(folder, "--synthetic", "--seed", str(SEED)) as venue:
        table = venue_table(venue, "BTCUSDT", extra="snapshot_levels = 20")
        settings = write_settings(folder, table, STRATEGIES, session="seed = 7\ndigest_every = 200")
        with Daemon(settings, "--for", "1200ms") as daemon:
            session = daemon.session
            assert daemon.wait() == 0, daemon.story()
    return session


def leave_out_paths(session: Path) -> None:
    """Take the traceback out of the journal: it names files of the machine, and replay does not compare it."""
    forgery = Forgery(session)
    for seq in forgery.seqs(Kind.STRATEGY):
        change = forgery.payload(seq)
        assert isinstance(change, StrategyChanged)
        if change.traceback:
            forgery.put_payload(seq, msgspec.structs.replace(change, traceback="left out"))
            forgery.write()
            return
    raise AssertionError("no strategy was paused: record for longer")


def make_diverging(session: Path) -> int:
    """Alter one fill by one unit of its quantity; returns the sequence number that a replay must name."""
    forgery = Forgery(session)
    seq = forgery.seqs(Kind.FILL)[-1]
    fill = forgery.payload(seq)
    assert isinstance(fill, OrderFilled)
    forgery.put_payload(seq, msgspec.structs.replace(fill, quantity=fill.quantity + 1))
    forgery.write()
    return seq


def make_flipped(session: Path) -> int:
    """Flip one bit in the middle; returns the sequence number that every reader must name."""
    (path,) = session.glob("*.tkj")
    data = bytearray(path.read_bytes())
    at = len(data) // 2 + 20
    data[at] ^= 0x10
    path.write_bytes(data)
    return at // SLOT_BYTES


def main() -> None:
    """Record, then make the three folders."""
    with tempfile.TemporaryDirectory() as scratch:
        session = record(Path(scratch))
        leave_out_paths(session)
        for folder in (TRUE, DIVERGING, FLIPPED):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            shutil.copyfile(session / "000000.tkj", folder / "000000.tkj")
    seqs = {"diverging": make_diverging(DIVERGING), "flipped": make_flipped(FLIPPED)}
    (GOLDEN / "seqs.json").write_bytes(msgspec.json.encode(seqs) + b"\n")
    sys.stdout.write(f"{TRUE}: {(TRUE / '000000.tkj').stat().st_size:,} bytes; {seqs}\n")


if __name__ == "__main__":
    main()
