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
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from config.settings import Settings
from config.show import show_toml
from core.codec import KIND_OF, encode_payload
from core.decimals import to_text
from core.effects import Effect, OrderFilled, OrderUpdated, PositionChanged, StrategyChanged, StrategyState
from core.instruments import Instrument
from core.money import MONEY_DECIMALS
from core.orders import ApprovedSubmit, OrderIntent, Refusal
from oms.transitions import is_open
from research.backtest.account import Account
from research.backtest.data import Source
from research.backtest.errors import FolderTaken
from research.backtest.rows import Written, fill_row, order_row, position_row, refusal_row
from research.backtest.tables import EQUITY, FILLS, ORDERS, POSITIONS, REFUSALS, TableWriter

SUMMARY = "summary.json"
JOURNAL = "journal"
_HEAD = struct.Struct("<Bq")
_TOLD_AT_ONCE = 4_096


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
    """The tables of one run while it goes on; `watch` takes every effect.

    Effects are written down many at once, in a loop of their own: one by one, between the events of a run, each would
    find the processor's caches cold.
    """

    def __init__(self, path: Path, account: Account) -> None:
        """Write tables into `path`, an empty folder."""
        self.path = path
        self._account = account
        self._open: dict[str, tuple[int, OrderIntent, OrderUpdated | None]] = {}
        self._orders = TableWriter(path / "orders.parquet", ORDERS)
        self._fills = TableWriter(path / "fills.parquet", FILLS)
        self._refusals = TableWriter(path / "refusals.parquet", REFUSALS)
        self._positions = TableWriter(path / "positions.parquet", POSITIONS)
        self._equity = TableWriter(path / "equity.parquet", EQUITY)
        self.paused: dict[str, str] = {}
        self._hasher = hashlib.sha256()
        self._told: list[tuple[int, Sequence[Effect]]] = []
        self._told_count = 0
        self._written: dict[int, Written] = {}
        self._writers: dict[type, Callable[[int, Effect], None]] = {
            ApprovedSubmit: self._submitted,
            OrderUpdated: self._updated,
            OrderFilled: self._filled,
            PositionChanged: self._changed,
            Refusal: self._refused,
            StrategyChanged: self._strategy,
        }

    def define(self, index: int, instrument: Instrument) -> None:
        """Learn how an instrument is written from now on."""
        self.write_down()
        self._written[index] = Written(instrument)

    def watch(self, now_ns: int, effects: Sequence[Effect]) -> None:
        """Take the effects of one event."""
        self._told.append((now_ns, effects))
        self._told_count += len(effects)
        if self._told_count >= _TOLD_AT_ONCE:
            self.write_down()

    def write_down(self) -> None:
        """Hash what was told and turn it into rows."""
        told = [(now_ns, effect) for now_ns, effects in self._told for effect in effects]
        self._told.clear()
        self._told_count = 0
        self._hasher.update(
            b"".join([_HEAD.pack(KIND_OF[type(effect)], now_ns) + encode_payload(effect) for now_ns, effect in told])
        )
        for now_ns, effect in told:
            write = self._writers.get(type(effect))
            if write is not None:
                write(now_ns, effect)

    def digest(self) -> str:
        """The SHA-256, in hex, of every effect so far with its time."""
        self.write_down()
        return self._hasher.hexdigest()

    def sample(self, now_ns: int) -> None:
        """Take a sample of the equity."""
        for currency, *amounts in self._account.sample():
            self._equity.add((now_ns, currency, *[to_text(amount, MONEY_DECIMALS) for amount in amounts]))

    def begin(self, settings: Settings, sources: tuple[Source, ...]) -> None:
        """Write what the run comes from."""
        (self.path / "config.toml").write_text(show_toml(settings), encoding="utf-8")
        (self.path / "data.json").write_bytes(msgspec.json.format(msgspec.json.encode(sources)) + b"\n")

    def close(self) -> None:
        """Write the orders that are still open, and the ends of all tables."""
        self.write_down()
        for submitted_ns, intent, update in self._open.values():
            self._orders.add(order_row(self._written[intent.instrument], submitted_ns, 0, intent, update))
        self._open.clear()
        for table in (self._orders, self._fills, self._refusals, self._positions, self._equity):
            table.close()

    def end(self, summary: msgspec.Struct) -> None:
        """Write the summary."""
        (self.path / SUMMARY).write_bytes(msgspec.json.format(msgspec.json.encode(summary)) + b"\n")

    # -- effects ---------------------------------------------------------------------------------------------------

    def _submitted(self, now_ns: int, effect: Effect) -> None:
        assert isinstance(effect, ApprovedSubmit)
        self._open[effect.intent.client_order_id] = (now_ns, effect.intent, None)

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
        submitted_ns, intent, _ = entry
        if is_open(effect.state):
            self._open[effect.client_order_id] = (submitted_ns, intent, effect)
        else:
            del self._open[effect.client_order_id]
            self._orders.add(order_row(self._written[intent.instrument], submitted_ns, now_ns, intent, effect))

    def _filled(self, now_ns: int, effect: Effect) -> None:
        assert isinstance(effect, OrderFilled)
        written = self._written[effect.instrument]
        terms = written.terms
        self._account.turn_over(written.currency, terms.value(effect.quantity, effect.price) * terms.value_factor)
        self._fills.add(fill_row(written, now_ns, effect))

    def _changed(self, now_ns: int, effect: Effect) -> None:
        assert isinstance(effect, PositionChanged)
        self._account.position(effect, now_ns)
        self._positions.add(position_row(self._written[effect.instrument], now_ns, effect))

    def _refused(self, now_ns: int, effect: Effect) -> None:
        assert isinstance(effect, Refusal)
        self._refusals.add(refusal_row(self._written.get(effect.intent.instrument), now_ns, effect))
