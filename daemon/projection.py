"""Views of the engine for people: built from its state and from the effects that pass, never on an event's path."""

import resource
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import Any

from core.book import BookState
from core.effects import Alert, Effect, OrderFilled, ParentProgress, StrategyChanged, TimerSet
from core.market import Market, mark_price_of
from core.money import money_text
from core.orders import ApprovedGroup, ApprovedSubmit, OrderState, Refusal
from core.records import NO_INSTRUMENT
from daemon.audit.alerts import OpenAlerts
from daemon.exposure import exposure_status
from daemon.portfolio_view import portfolio_status
from daemon.standing import Standing
from daemon.stats import Stats
from daemon.status import (
    AlertStatus,
    AuditSeen,
    FeedStatus,
    FillStatus,
    GuardSeen,
    LatchStatus,
    LiveStatus,
    PositionStatus,
    RefusalStatus,
    Status,
    StrategyStatus,
)
from daemon.views.breakers import breaker_rows
from daemon.views.seen import Seen
from daemon.worth import account_status
from engine.engine import Engine
from oms.latches import Level

RECENT = 8
_ERROR_MAX = 300
SHOWN_LATENCIES = 1_024  # sorting these takes 0.1 ms on the loop, the whole window would take 2
PAGE_BYTES = resource.getpagesize()


class Projection:
    """Remembers what recent effects said; everything else is read from the engine when asked."""

    def __init__(
        self,
        engine: Engine,
        stats: Stats,
        session: str,
        mode: str,
        labels: list[str],
        base_currency: str = "",
        standing: Standing | None = None,
    ) -> None:
        """Project `engine`'s session; `standing` tells of the venues where it trades for real."""
        self.engine = engine
        self.stats = stats
        self.session = session
        self.mode = mode
        self.labels = labels
        self.refusals: Counter[str] = Counter()
        self.fills = 0
        self.final_orders: Counter[str] = Counter()
        self.fills_by_strategy: Counter[str] = Counter()
        self.seen = Seen()
        self._recent_refusals: deque[RefusalStatus] = deque(maxlen=RECENT)
        self._recent_fills: deque[FillStatus] = deque(maxlen=RECENT)
        self.alert_counts: Counter[tuple[str, str]] = Counter()  # by severity and code
        self._alerts: deque[AlertStatus] = deque(maxlen=RECENT)
        self.alerts_told = 0
        self.open_alerts = OpenAlerts()
        self._rate = (stats.started_ns, 0, 0.0)
        self._base_currency = base_currency
        self._standing = standing
        self.guard: Callable[[], GuardSeen] | None = None  # what tells of the guard, where there is to be one
        self.audit: Callable[[int], AuditSeen] | None = None  # what tells of the signatures, where there are any
        self._watched: Mapping[type, Callable[[int, Any], None]] = {
            OrderFilled: self._filled,
            Refusal: self._refused,
            StrategyChanged: self.seen.change,
            Alert: self._alerted,
            ApprovedSubmit: self.seen.submitted,
            ApprovedGroup: self.seen.submitted_together,
            TimerSet: self.seen.timer,
            ParentProgress: self.seen.progress,
            **({} if standing is None else standing.watched),
        }

    def watch(self, now_ns: int, effect: Effect) -> None:
        """Take one effect as it is journaled: most are of no interest, and cost one look-up."""
        take = self._watched.get(type(effect))
        if take is not None:
            take(now_ns, effect)

    def _filled(self, now_ns: int, fill: OrderFilled) -> None:
        self.fills += 1
        self.seen.filled(now_ns, fill)
        self.fills_by_strategy[fill.strategy_id] += 1
        instrument = self.engine.markets[fill.instrument].instrument
        self._recent_fills.append(
            FillStatus(
                time_ns=now_ns,
                strategy_id=fill.strategy_id,
                instrument=instrument.id,
                side=fill.side.name.lower(),
                quantity=instrument.quantity_text(fill.quantity),
                price=instrument.price_text(fill.price),
            )
        )

    def _refused(self, now_ns: int, refusal: Refusal) -> None:
        self.refusals[refusal.code] += 1
        self.seen.refuse(now_ns, refusal)
        self._recent_refusals.append(
            RefusalStatus(
                time_ns=now_ns,
                strategy_id=refusal.intent.strategy_id,
                instrument=self._name(refusal.intent.instrument),
                code=refusal.code,
                message=refusal.message,
            )
        )

    def _latches(self) -> list[LatchStatus]:
        """Return what a person or a breaker stopped."""
        return [
            LatchStatus(
                scope=scope,
                level=Level(latch.level).name.lower(),
                reason=latch.reason,
                source=latch.source,
                since_ns=latch.since_ns,
            )
            for scope, latch in sorted(self.engine.gate.freezes.latches.held.items())
        ]

    def alerts_since(self, told: int) -> list[str]:
        """Return `CODE: message` of the alerts that came after the first `told`, as far as they are remembered."""
        count = min(self.alerts_told - told, len(self._alerts))
        return [f"{each.code}: {each.message}" for each in list(self._alerts)[len(self._alerts) - count :]]

    def _alerted(self, now_ns: int, alert: Alert) -> None:
        self.alert_counts[alert.severity.value, alert.code] += 1
        self.alerts_told += 1
        name = "" if alert.instrument == NO_INSTRUMENT else self._name(alert.instrument)
        self.open_alerts.take(now_ns, alert, name)
        self._alerts.append(
            AlertStatus(
                time_ns=now_ns,
                severity=alert.severity.value,
                code=alert.code,
                message=alert.message,
                instrument=name,
            )
        )

    def status(
        self, now_ns: int, *, journal_bytes: int, loop_lag_ns: int, malformed: dict[str, int], reconnects: int
    ) -> Status:
        """Return the state of everything at `now_ns`."""
        engine, stats = self.engine, self.stats
        p50_ns, p99_ns = stats.tick_to_order.percentiles(0.50, 0.99, last=SHOWN_LATENCIES)
        return Status(
            session=self.session,
            mode=self.mode,
            labels=self.labels,
            state=engine.lifecycle.value,
            time_ns=now_ns,
            uptime_ns=now_ns - stats.started_ns,
            inputs=stats.total_inputs,
            effects=stats.total_effects,
            events_per_s=self._events_per_s(now_ns),
            journal_bytes=journal_bytes,
            rss_bytes=rss_bytes(),
            tick_to_order_p50_ns=p50_ns,
            tick_to_order_p99_ns=p99_ns,
            tick_to_order_count=stats.tick_to_order.count,
            loop_lag_ns=loop_lag_ns,
            orders=self.orders_by_state(),
            commands=stats.commands,
            malformed=malformed,
            reconnects=reconnects,
            feeds=[feed_status(market, now_ns) for market in engine.markets],
            positions=self.positions(),
            balances={name: money_text(amount, 8) for name, amount in engine.manager.balances().items()},
            strategies=self._strategies(),
            refusals=list(self._recent_refusals),
            fills=list(self._recent_fills),
            alerts=list(self._alerts),
            latches=self._latches(),
            breakers=breaker_rows(engine),
            account=account_status(engine.manager, engine.markets, self._base_currency),
            live=self.live(now_ns),
            portfolio=portfolio_status(engine.portfolio, now_ns),
            exposure=exposure_status(engine.manager, engine.markets, self._base_currency),
            guard=None if self.guard is None else self.guard(),
            open_alerts=self.open_alerts.rows(),
            audit=None if self.audit is None else self.audit(now_ns),
        )

    def orders_by_state(self) -> dict[str, int]:
        """Return how many orders are, or ended, in each state."""
        counts = self.engine.manager.counts_by_state()
        return {state.value: counts[state] for state in OrderState if counts.get(state)}

    def positions(self) -> list[PositionStatus]:
        """Return the net position of every instrument that was traded."""
        rows = []
        for market in self.engine.markets:
            position = self.engine.manager.position(market.index)
            if not position.quantity and not position.realised and not position.fees:
                continue
            instrument, mark_price = market.instrument, mark_price_of(market)
            rows.append(
                PositionStatus(
                    instrument=instrument.id,
                    quantity=instrument.quantity_text(position.quantity),
                    average_price=instrument.price_text(round(position.average_price)) if position.quantity else "",
                    mark_price=instrument.price_text(mark_price),
                    realised=money_text(position.realised_money, 8),
                    unrealised=money_text(position.unrealised(mark_price), 8),
                    fees=money_text(position.fees, 8),
                    currency=instrument.currency,
                )
            )
        return rows

    def _strategies(self) -> list[StrategyStatus]:
        """Return every strategy actor."""
        open_orders = Counter(order.strategy_id for order in self.engine.manager.open_orders())
        return [
            StrategyStatus(
                id=actor.id,
                state=actor.state.value,
                reason=self._reason_of(actor.id),
                open_orders=open_orders[actor.id],
                fills=self.fills_by_strategy[actor.id],
                error=self._error_of(actor.id),
            )
            for actor in self.engine.desk.actors
        ]

    def _reason_of(self, strategy_id: str) -> str:
        """Return why a strategy is in its state."""
        known = self.seen.changed.get(strategy_id)
        return "" if known is None else known[1].reason

    def _error_of(self, strategy_id: str) -> str:
        """Return what a strategy raised, the last line of where it did; empty where it raised nothing."""
        known = self.seen.changed.get(strategy_id)
        lines = [] if known is None else known[1].traceback.strip().splitlines()
        return lines[-1][:_ERROR_MAX] if lines else ""

    def live(self, now_ns: int) -> LiveStatus | None:
        """Return how the venues stand where the account is real, None on paper."""
        return None if self._standing is None else self._standing.status(now_ns)

    def _events_per_s(self, now_ns: int) -> float:
        """Return the rate since the last call a quarter of a second ago or more."""
        then_ns, then, rate = self._rate
        if now_ns - then_ns >= 200_000_000:
            total = self.stats.total_inputs
            rate = (total - then) * 1e9 / (now_ns - then_ns)
            self._rate = (now_ns, total, rate)
        return rate

    def _name(self, index: int) -> str:
        """Return an instrument's name, or its index where there is none."""
        markets = self.engine.markets
        return markets[index].instrument.id if 0 <= index < len(markets) else str(index)


def feed_status(market: Market, now_ns: int) -> FeedStatus:
    """Return one market as the screen shows it."""
    bid_price, ask_price, _ = market.touch()
    last_ns = max(market.quote_ns, market.trade_ns, market.book_ns)
    text = market.instrument.price_text
    return FeedStatus(
        instrument=market.instrument.id,
        connected=market.connected,
        book=BookState(market.book.state).name.lower(),
        stale=list(market.stale_channels),
        age_ns=now_ns - last_ns if last_ns else -1,
        bid_price=text(bid_price),
        ask_price=text(ask_price),
        last_price=text(market.last_price),
    )


def rss_bytes() -> int:
    """Return the memory that the process holds now, 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - four times a second
            return int(file.read().split()[1]) * PAGE_BYTES
    except OSError:
        return 0
