"""The run folder: everything that a backtest came to, and what it came from, in files.

    config.toml  the effective settings            orders.parquet     each order when it ended (or at the end)
    data.json    what was fed, with digests        fills.parquet      each execution
    summary.json the figures, digests, command     refusals.parquet   each order that the gate refused
    journal/     where asked for: the session      positions.parquet  each position after each fill
                                                   equity.parquet     each currency at even steps of time

Prices, quantities and money are decimal text, exact; times are ns since the Unix epoch.
"""

import datetime as dt
import hashlib
import struct
from collections.abc import Callable
from pathlib import Path

import msgspec

from config.settings import Settings
from config.show import show_toml
from core.codec import KIND_OF, encode_payload
from core.effects import Effect, OrderFilled, OrderUpdated, PositionChanged, StrategyChanged, StrategyState
from core.instruments import Instrument
from core.money import money_text
from core.orders import ApprovedSubmit, Refusal, Side
from engine.engine import Engine
from oms.transitions import is_open
from research.backtest.account import Account
from research.backtest.data import Source
from research.backtest.errors import FolderTaken
from research.backtest.tables import EQUITY, FILLS, ORDERS, POSITIONS, REFUSALS, TableWriter

SUMMARY = "summary.json"
JOURNAL = "journal"
_HEAD = struct.Struct("<Bq")
_HASHED_BYTES = 1 << 16  # at once: a call for each effect would cost more than the hashing


def create_run_folder(out: Path | None, root: Path) -> Path:
    """Return a new empty folder: `out`, or one named by the time under `root`. Raises FolderTaken."""
    if out is None:
        stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
        names = (f"{stamp}-{number}" if number else stamp for number in range(1000))
        out = next(root / name for name in names if not (root / name).exists())
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FolderTaken(f"{out} holds something already; name another folder with --out, or remove it first")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderTaken(f"cannot make {out}: {error}; name another folder with --out") from error
    return out


class RunFolder:
    """The tables of one run while it goes on; `watch` takes every effect."""

    def __init__(self, path: Path, engine: Engine, account: Account) -> None:
        """Write tables into `path`, an empty folder, with names and precisions from `engine`."""
        self.path = path
        self._engine = engine
        self._account = account
        self._open: dict[str, tuple[int, ApprovedSubmit, OrderUpdated | None]] = {}
        self._orders = TableWriter(path / "orders.parquet", ORDERS)
        self._fills = TableWriter(path / "fills.parquet", FILLS)
        self._refusals = TableWriter(path / "refusals.parquet", REFUSALS)
        self._positions = TableWriter(path / "positions.parquet", POSITIONS)
        self._equity = TableWriter(path / "equity.parquet", EQUITY)
        self.paused: dict[str, str] = {}
        self._hasher = hashlib.sha256()
        self._to_hash = bytearray()
        self._writers: dict[type, Callable[[int, Effect], None]] = {
            ApprovedSubmit: self._submitted,
            OrderUpdated: self._updated,
            OrderFilled: self._filled,
            PositionChanged: self._changed,
            Refusal: self._refused,
            StrategyChanged: self._strategy,
        }

    def watch(self, now_ns: int, effect: Effect) -> None:
        """Take one effect."""
        self._to_hash += _HEAD.pack(KIND_OF[type(effect)], now_ns) + encode_payload(effect)
        if len(self._to_hash) > _HASHED_BYTES:
            self._hash()
        write = self._writers.get(type(effect))
        if write is not None:
            write(now_ns, effect)

    def digest(self) -> str:
        """The SHA-256, in hex, of every effect so far with its time."""
        self._hash()
        return self._hasher.hexdigest()

    def _hash(self) -> None:
        self._hasher.update(self._to_hash)
        self._to_hash.clear()

    def sample(self, now_ns: int) -> None:
        """Take a sample of the equity."""
        for currency, *amounts in self._account.sample():
            self._equity.add((now_ns, currency, *map(money_text, amounts)))

    def begin(self, settings: Settings, sources: tuple[Source, ...]) -> None:
        """Write what the run comes from."""
        (self.path / "config.toml").write_text(show_toml(settings), encoding="utf-8")
        (self.path / "data.json").write_bytes(msgspec.json.format(msgspec.json.encode(sources)) + b"\n")

    def close(self) -> None:
        """Write the orders that are still open, and the ends of all tables."""
        for client_order_id, (submitted_ns, submit, update) in self._open.items():
            self._order(client_order_id, submitted_ns, 0, submit, update)
        self._open.clear()
        for table in (self._orders, self._fills, self._refusals, self._positions, self._equity):
            table.close()

    def end(self, summary: msgspec.Struct) -> None:
        """Write the summary."""
        (self.path / SUMMARY).write_bytes(msgspec.json.format(msgspec.json.encode(summary)) + b"\n")

    # -- effects ---------------------------------------------------------------------------------------------------

    def _instrument(self, index: int) -> Instrument:
        return self._engine.markets[index].instrument

    def _submitted(self, now_ns: int, effect: Effect) -> None:
        assert isinstance(effect, ApprovedSubmit)
        self._open[effect.intent.client_order_id] = (now_ns, effect, None)

    def _strategy(self, _now_ns: int, effect: Effect) -> None:
        assert isinstance(effect, StrategyChanged)
        if effect.state is StrategyState.PAUSED:
            self.paused[effect.strategy_id] = effect.reason

    def _updated(self, now_ns: int, effect: Effect) -> None:
        """Keep an order's last state; write it out when that is final."""
        assert isinstance(effect, OrderUpdated)
        entry = self._open.get(effect.client_order_id)
        if entry is None:
            return  # ended before: the venue spoke of it once more
        submitted_ns, submit, _ = entry
        if is_open(effect.state):
            self._open[effect.client_order_id] = (submitted_ns, submit, effect)
        else:
            del self._open[effect.client_order_id]
            self._order(effect.client_order_id, submitted_ns, now_ns, submit, effect)

    def _order(
        self,
        client_order_id: str,
        submitted_ns: int,
        ended_ns: int,
        submit: ApprovedSubmit,
        update: OrderUpdated | None,
    ) -> None:
        intent = submit.intent
        instrument = self._instrument(intent.instrument)
        self._orders.add(
            (
                submitted_ns,
                ended_ns,
                client_order_id,
                intent.strategy_id,
                instrument.id,
                intent.side.name.lower(),
                intent.type.name.lower(),
                intent.time_in_force.name.lower(),
                instrument.price_text(intent.price) if intent.price else "",
                instrument.quantity_text(intent.quantity),
                instrument.quantity_text(update.filled if update is not None else 0),
                update.state.value if update is not None else "",
                update.reason if update is not None else "",
            )
        )

    def _filled(self, now_ns: int, effect: Effect) -> None:
        assert isinstance(effect, OrderFilled)
        self._account.fill(effect)
        instrument = self._instrument(effect.instrument)
        self._fills.add(
            (
                now_ns,
                effect.client_order_id,
                effect.exec_id,
                effect.strategy_id,
                instrument.id,
                Side(effect.side).name.lower(),
                instrument.price_text(effect.price),
                instrument.quantity_text(effect.quantity),
                money_text(int(effect.fee)),
                effect.fee_currency,
                effect.liquidity.name.lower() if effect.liquidity is not None else "",
                money_text(int(effect.realised)),
            )
        )

    def _changed(self, now_ns: int, effect: Effect) -> None:
        assert isinstance(effect, PositionChanged)
        self._account.position(effect, now_ns)
        instrument = self._instrument(effect.instrument)
        amounts = (money_text(int(text)) for text in (effect.cost, effect.realised, effect.fees))
        self._positions.add((now_ns, instrument.id, instrument.quantity_text(effect.quantity), *amounts))

    def _refused(self, now_ns: int, effect: Effect) -> None:
        assert isinstance(effect, Refusal)
        intent = effect.intent
        known = 0 <= intent.instrument < len(self._engine.markets)
        instrument = self._instrument(intent.instrument) if known else None
        self._refusals.add(
            (
                now_ns,
                intent.client_order_id,
                intent.strategy_id,
                instrument.id if instrument is not None else str(intent.instrument),
                intent.side.name.lower(),
                instrument.price_text(intent.price) if instrument is not None and intent.price else "",
                instrument.quantity_text(intent.quantity) if instrument is not None else str(intent.quantity),
                effect.code,
                effect.message,
            )
        )
