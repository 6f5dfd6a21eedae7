"""Recorded sessions to test with: a paper session of about two thousand inputs, and ways to spoil one.

The session is made as the daemon makes one, by pipeline, engine, gate, simulated venue and journal, on a made-up
market; only the clock and the sockets are missing. It replays.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from config.compose import engine_settings, session_head
from config.load import Config, parse
from config.strategies import load_strategies
from connectors.sim.paper import PaperExecution
from core.clock import NEVER
from core.codec import decode_payload, encode_payload
from core.effects import Effect
from core.events import FeedChanged, FeedState, LifecycleChanged, LifecycleState
from core.instruments import AssetClass, Instrument
from core.records import (
    ASK,
    CRC,
    EVENT,
    FIRST,
    LAST,
    NO_INSTRUMENT,
    SELL_AGGRESSOR,
    SLOT_BYTES,
    SNAPSHOT,
    Event,
    Kind,
    parts_of,
    slot_crc,
)
from core.rng import Rng
from daemon.feeds import definition
from daemon.pipeline import Pipeline
from daemon.stats import Stats
from engine.build import build_engine
from journal.folders import create_session_folder, segment_files
from journal.head import SealState
from journal.layout import CHAIN_START, HASH_FIELDS, PART_BODY, read_payload
from journal.writer import SEGMENT_BYTES, JournalWriter

START_NS = 1_732_185_000_000_000_000  # 2024-11-21 10:30 UTC
STEP_NS = 50_000_000
ROUNDS = 300  # about seven inputs each, the venue's answers among them
LABEL = "made up for tests"

SETTINGS = """
[session]
seed = 3
digest_every = 500

[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT", "ETHUSDT"]

[[strategies]]
id = "ema-btc"
use = "ema-cross"
instruments = ["BTCUSDT.BINANCE"]
params = { fast = 3, slow = 9, quantity = "0.01" }

[[strategies]]
id = "quoter-eth"
use = "two-sided-quoter"
instruments = ["ETHUSDT.BINANCE"]

[risk]
max_order_notional = 5_000
max_orders_per_second = 100
max_orders_per_minute = 5_000
"""


def config(text: str = SETTINGS) -> Config:
    """The settings of the recorded session; the environment has no say in them."""
    return parse(text)


def instrument(symbol: str) -> Instrument:
    """A spot pair against USDT, as Binance lists them."""
    return Instrument(
        symbol=symbol,
        venue="BINANCE",
        asset_class=AssetClass.CRYPTO_SPOT,
        base=symbol.removesuffix("USDT"),
        quote="USDT",
        price_precision=2,
        size_precision=8,
        tick=1,
        lot=1_000,
    )


class Recorder:
    """Records one session on a made-up market; `open`, `trade` as long as wanted, then `seal` or `crash`."""

    def __init__(
        self, root: Path, *, short_id: str = "0a1b2c", segment_bytes: int = SEGMENT_BYTES, text: str = SETTINGS
    ) -> None:
        loaded = load_strategies(config(text))
        settings = config(text).settings
        self.now_ns = START_NS
        self.folder = create_session_folder(root, START_NS, "paper", short_id)
        head = session_head(settings, loaded, START_NS, self.folder.name, (LABEL,))
        self.journal = JournalWriter.create(self.folder, head, segment_bytes=segment_bytes, reserve_bytes=0)
        self.engine = build_engine(engine_settings(settings, loaded, START_NS))
        self.paper = PaperExecution(settings.paper.sim, self.engine.markets)
        self.stats = Stats(START_NS)
        self.pipeline = Pipeline(
            self.engine,
            self.journal,
            self.stats,
            lambda: self.now_ns,
            durable=False,
            digest_every=settings.session.digest_every,
            watch=_ignore,
            execution=self.paper,
        )
        self._rng = Rng(11)
        self._middles = [6_000_000, 250_000]
        self._round = 0

    def open(self) -> None:
        """Define two instruments, connect, give each a book, become READY."""
        connected = FeedChanged(venue="BINANCE", state=FeedState.CONNECTED)
        self._lifecycle(LifecycleState.STARTING)
        self._feed(definition(index, instrument(f"{base}USDT"), START_NS) for index, base in enumerate(("BTC", "ETH")))
        self._feed([(Kind.FEED, 0, NO_INSTRUMENT, self.now_ns, 0, connected, 0, 0, 0, 0)])
        for index, middle in enumerate(self._middles):
            self._feed(self._snapshot(index, middle))
        self._lifecycle(LifecycleState.READY)

    def trade(self, rounds: int = ROUNDS) -> None:
        """Let quotes, trades and book levels come in; whatever falls due meanwhile happens in time."""
        for _ in range(rounds):
            self._pass_time(self.now_ns + STEP_NS)
            self._round += 1
            for index in range(len(self._middles)):
                self._middles[index] += self._rng.below(41) - 20
                self._feed(self._market(index, self._middles[index]))

    def seal(self, state: SealState = SealState.ENDED, reason: str = "asked to") -> Path:
        """Drain, seal, and return the folder."""
        self._lifecycle(LifecycleState.DRAINING, reason)
        for _ in range(100):
            if not self.engine.manager.open_count:
                break
            self._pass_time(self.now_ns + STEP_NS)
        self._lifecycle(LifecycleState.STOPPED, reason)
        digest = self.pipeline.record_digest()
        inputs, effects = self.stats.total_inputs, self.stats.total_effects
        self.journal.seal(state, reason, digest=digest, inputs=inputs, effects=effects, ended_ns=self.now_ns)
        return self.folder

    def crash(self, torn: bytes = b"") -> Path:
        """End as kill -9 does, with `torn` bytes of an interrupted write, and return the folder."""
        self.journal.close()
        with segment_files(self.folder)[-1].open("ab") as file:
            file.write(torn)
        return self.folder

    def _pass_time(self, until_ns: int) -> None:
        while (due_ns := min(self.engine.next_due_ns, self.paper.refresh())) <= until_ns and due_ns != NEVER:
            self.now_ns = max(self.now_ns, due_ns)
            events = self.paper.poll(self.now_ns)
            self._feed(events or [(Kind.TIME, 0, NO_INSTRUMENT, self.now_ns, 0, 0, 0, 0, 0, 0)])
        self.now_ns = until_ns

    def _feed(self, events: Iterable[Event]) -> None:
        self.pipeline.feed(list(events))

    def _lifecycle(self, state: LifecycleState, reason: str = "") -> None:
        change = LifecycleChanged(state, reason)
        self._feed([(Kind.LIFECYCLE, 0, NO_INSTRUMENT, self.now_ns, 0, change, 0, 0, 0, 0)])

    def _snapshot(self, index: int, middle: int) -> list[Event]:
        levels = [(0, middle - 5 - away) for away in range(5)] + [(ASK, middle + 5 + away) for away in range(5)]
        last = len(levels) - 1
        return [
            self._level(index, side | SNAPSHOT | FIRST * (at == 0) | LAST * (at == last), price, 10**8, 0)
            for at, (side, price) in enumerate(levels)
        ]

    def _market(self, index: int, middle: int) -> list[Event]:
        number, venue_ns = self._round, self.now_ns - 1_000_000
        side = SELL_AGGRESSOR * (number % 2)
        quote = (Kind.QUOTE, 0, index, self.now_ns, 0, middle - 1, 10**8, middle + 1, 10**8, number)
        trade = (Kind.TRADE, side, index, self.now_ns, venue_ns, middle - number % 2, 10**7, number, 0, 0)
        far = self._level(index, FIRST | LAST, 1_000 + number % 17, 10**6 * (number % 3), number)
        return [quote, trade, far] if number % 2 else [quote, far]

    def _level(self, index: int, flags: int, price: int, quantity: int, update_id: int) -> Event:
        previous = max(0, update_id - 1)
        return (Kind.BOOK, flags, index, self.now_ns, 0, price, quantity, update_id, update_id, previous)


def record_session(root: Path, *, rounds: int = ROUNDS, short_id: str = "0a1b2c") -> Path:
    """Record one whole session under `root` and return its folder."""
    recorder = Recorder(root, short_id=short_id)
    recorder.open()
    recorder.trade(rounds)
    return recorder.seal()


def record_crashed_session(
    root: Path, *, rounds: int = 50, short_id: str = "dead01", torn: bytes = b"\x55" * 40
) -> Path:
    """Record a session whose process died in the middle of a write."""
    recorder = Recorder(root, short_id=short_id)
    recorder.open()
    recorder.trade(rounds)
    return recorder.crash(torn)


def flip_byte(folder: Path, seq: int) -> None:
    """Change one bit in slot `seq` of a session of one segment."""
    path = segment_files(folder)[0]
    data = bytearray(path.read_bytes())
    data[seq * SLOT_BYTES + 30] ^= 1
    path.write_bytes(data)


def alter_effect(folder: Path, kind: Kind, nth: int = 0, **changes: object) -> int:
    """Change the `nth` recorded effect of `kind`, mend every CRC and the hash chain, and return its number.

    Nothing in the bytes tells any more: only a replay notices. For sessions of one segment; the new payload must take
    as many slots as the old one.
    """
    path = segment_files(folder)[0]
    data = bytearray(path.read_bytes())
    slots = [EVENT.unpack_from(data, at) for at in range(0, len(data), SLOT_BYTES)]
    seq = [number for number, slot in enumerate(slots) if slot[0] == kind][nth]
    size = slots[seq][5]
    struct = decode_payload(kind, read_payload(memoryview(data), seq, size))
    payload = encode_payload(msgspec.structs.replace(struct, **changes))
    assert parts_of(len(payload)) == parts_of(size), "the altered record must take as many slots as before"
    _put(data, seq, EVENT.pack(*slots[seq][:5], len(payload), *slots[seq][6:]))
    for number in range(parts_of(size)):
        part = payload[number * 56 : (number + 1) * 56]
        _put(data, seq + 1 + number, bytes(4) + PART_BODY.pack(Kind.PART, 0, number, part))
    _mend_chain(data)
    path.write_bytes(data)
    return seq


def _put(data: bytearray, seq: int, slot: bytes) -> None:
    """Write one slot with its right CRC."""
    body = slot[CRC.size :]
    data[seq * SLOT_BYTES : (seq + 1) * SLOT_BYTES] = CRC.pack(slot_crc(body, seq)) + body


def _mend_chain(data: bytearray) -> None:
    """Compute every link of the hash chain anew."""
    hasher, begin = hashlib.sha256(CHAIN_START), 0
    for seq in range(len(data) // SLOT_BYTES):
        slot = EVENT.unpack_from(data, seq * SLOT_BYTES)
        if slot[0] == Kind.CHAIN:
            hasher.update(data[begin * SLOT_BYTES : seq * SLOT_BYTES])
            value = hasher.digest()
            _put(data, seq, EVENT.pack(*slot[:6], *HASH_FIELDS.unpack(value)))
            hasher, begin = hashlib.sha256(value), seq + 1


def _ignore(_now_ns: int, _effect: Effect) -> None:
    """Watch nothing."""
