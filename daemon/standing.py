"""How the trading stands, venue by venue: links, comparison of the books, allowances, clock, what is frozen and why.

Built when a status is asked for, from what the core and the connectors know at that moment; of the effects that pass
only the rare ones are looked at that say since when something is so.
"""

from collections.abc import Callable, Mapping
from typing import Any

from config.live_settings import TradingTable
from config.settings import Settings
from connectors.base import TradingStats
from core.effects import FreezeChanged, Reconciled
from core.evidence import EvidenceWanted, Subject
from core.ids import COUNTER_DIGITS, client_order_id
from core.orders import OrderState
from core.records import NO_INSTRUMENT
from daemon.live.lease import LeaseRecord
from daemon.live.trading import Trading
from daemon.stats import Stats
from daemon.status import FreezeStatus, LiveStatus, VenueStatus
from engine.engine import Engine
from engine.reconciling import Reconciling
from oms.reconcile.line import ACCOUNT, ASK, FILLS, IDLE, ORDERS, Line

NAMED_MAX = 3  # answers that are waited for, by name; the rest is counted
STEPS = {
    ORDERS: "open orders",
    FILLS: "fills",
    ASK: "orders that are not among the open ones",
    ACCOUNT: "balances and positions",
}


class Standing:
    """Reads the reconciliation and the trading connectors of a live session; remembers when what began."""

    def __init__(
        self, engine: Engine, settings: Settings, trading: Trading, stats: Stats, lease: LeaseRecord | None
    ) -> None:
        """Read these, and change none of them."""
        assert engine.reconciling is not None, "live sessions reconcile"
        self.watched: Mapping[type, Callable[[int, Any], None]] = {
            Reconciled: self._reconciled,
            FreezeChanged: self._freeze_changed,
        }
        self._engine = engine
        self._reconciling: Reconciling = engine.reconciling
        self._settings = settings
        self._tables: dict[str, TradingTable] = {
            name.upper(): venue.trading for name, venue in settings.venues.items() if venue.trading is not None
        }
        self._trading = trading
        self._stats = stats
        self._lease = lease
        self._reasons: dict[str, str] = {}  # how the last comparison ended, by venue
        self._since_ns: dict[int, int] = {}  # since when something is frozen, by instrument

    def _reconciled(self, _now_ns: int, told: Reconciled) -> None:
        self._reasons[told.venue] = told.reason

    def _freeze_changed(self, now_ns: int, change: FreezeChanged) -> None:
        if change.key:
            return  # a difference was accepted or restated: nothing was frozen or released
        if change.frozen:
            self._since_ns[change.instrument] = now_ns
        else:
            self._since_ns.pop(change.instrument, None)

    def status(self, now_ns: int) -> LiveStatus:
        """Return how all of it stands at `now_ns`."""
        unknown: dict[str, list[int]] = {}
        manager = self._engine.manager
        if manager.counts_by_state()[OrderState.UNKNOWN]:
            for order in manager.open_orders():
                if order.state is OrderState.UNKNOWN:
                    venue = manager.instrument(order.instrument).venue
                    unknown.setdefault(venue, []).append(now_ns - order.updated_ns)
        stats, foreign = self._trading.stats(), self._reconciling.reconciler.judge.foreign
        snapshot_ns = self._stats.snapshot_ns
        return LiveStatus(
            account=self._settings.live.account,
            epoch=0 if self._lease is None else self._lease.epoch,
            order_prefix="" if self._lease is None else client_order_id(self._lease.epoch, 0)[:-COUNTER_DIGITS],
            foreign_policy=self._settings.live.foreign_orders,
            foreign_orders=len(foreign.told),
            snapshot_age_ns=now_ns - snapshot_ns if snapshot_ns else -1,
            release="tickerd release",
            venues=[
                self._venue(line, stats[venue], self._tables[venue], unknown.get(venue, []), now_ns)
                for venue, line in self._reconciling.reconciler.lines.items()
                if venue in stats
            ],
            freezes=self._freezes(now_ns),
        )

    def _venue(
        self, line: Line, stats: TradingStats, table: TradingTable, unknown_ages_ns: list[int], now_ns: int
    ) -> VenueStatus:
        """Return one venue."""
        step, waits_for = self._under_way(line, now_ns)
        dead_man_ns = None
        if stats.dead_man_until_ns is not None and table.dead_man_s:
            dead_man_ns = max(0, stats.dead_man_until_ns - now_ns)
        silent_ns = max(0, stats.silent_until_ns - now_ns)
        return VenueStatus(
            venue=line.venue,
            market_data=self._market_data(line.venue),
            orders="down" if not stats.orders_up else "silent" if silent_ns else "up",
            private="up" if stats.private_up else "down",
            link="" if stats.link is None else stats.link.value,
            link_reason=stats.link_reason,
            books=_books(line),
            step=step,
            waits_for=waits_for,
            books_reason=self._reasons.get(line.venue, ""),
            books_age_ns=now_ns - line.compared_ns if line.compared_ns else -1,
            unknown_orders=len(unknown_ages_ns),
            unknown_age_ns=max(unknown_ages_ns, default=-1),
            weight_used=stats.weight_used,
            weight_limit=stats.weight_limit,
            orders_used=stats.orders_used,
            orders_limit=stats.orders_limit,
            cancel_share=table.cancel_share,
            silent_ns=silent_ns,
            queued=stats.queued,
            throttled=stats.throttled,
            fallbacks=stats.fallbacks,
            clock_offset_ns=stats.clock_offset_ns,
            clock_uncertainty_ns=stats.clock_uncertainty_ns,
            clock_bound_ns=table.clock_bound_ms * 1_000_000,
            dead_man_ns=dead_man_ns,
            last_error=stats.last_error,
            clock_doubt=stats.clock_doubt,
        )

    def _market_data(self, venue: str) -> str:
        """Return whether the market data of a venue comes, of all its instruments or of some."""
        connected = [each.connected for each in self._engine.markets if each.instrument.venue == venue]
        return "up" if connected and all(connected) else "partly" if any(connected) else "down"

    def _under_way(self, line: Line, now_ns: int) -> tuple[str, list[str]]:
        """Return the step of the comparison under way, and the answers that it waits for."""
        if line.stage == IDLE:
            if line.up and not line.done and line.attempt:
                most = self._reconciling.reconciler.settings.confirmations
                return f"a difference is looked at again ({line.attempt + 1} of {most})", []
            return ("" if line.up else "its link to come up"), []
        waits = [self._asked(each.wanted) for each in line.waiting.values() if each.staged]
        for each in line.later:
            if each.staged:
                due_s = max(0, each.due_ns - now_ns) / 1e9
                waits.append(f"{self._asked(each.wanted)} (no answer, asked again in {due_s:.0f} s)")
        named = waits[:NAMED_MAX]
        if len(waits) > NAMED_MAX:
            named.append(f"{len(waits) - NAMED_MAX} more")
        return STEPS.get(line.stage, line.stage), named

    def _asked(self, wanted: EvidenceWanted) -> str:
        """Return what a question asks for, in words."""
        what = wanted.subject.value.replace("-", " ")
        if wanted.subject is Subject.ORDER:
            return f"{what} {wanted.client_order_id}"
        return what if wanted.instrument == NO_INSTRUMENT else f"{what} of {self._name(wanted.instrument)}"

    def _freezes(self, now_ns: int) -> list[FreezeStatus]:
        """Return what may not be opened, the whole first."""
        freezes = self._reconciling.reconciler.freezes
        found = []
        if freezes.halted:
            since_ns = self._since_ns.get(NO_INSTRUMENT, 0)
            found.append(FreezeStatus(instrument="", state="halted", reason=freezes.halted, since_ns=since_ns))
        for index, reason in sorted(freezes.instruments.items()):
            since_ns = self._since_ns.get(index, 0)
            found.append(FreezeStatus(instrument=self._name(index), state="frozen", reason=reason, since_ns=since_ns))
        why = "the venue rejected order after order"
        for index, until_ns in sorted(freezes.paused.items()):
            if until_ns > now_ns:
                name = self._name(index)
                found.append(FreezeStatus(instrument=name, state="paused", reason=why, since_ns=0, until_ns=until_ns))
        return found

    def _name(self, index: int) -> str:
        """Return an instrument's name."""
        return self._engine.markets[index].instrument.id


def _books(line: Line) -> str:
    """Return whether the venue's figures and ours agree, as far as is known."""
    if line.done:
        return "broken" if line.broken else "agreed"
    return "comparing" if line.started else "waiting"
