"""Events for the core, as they are made: reports, money that moved, bytes that nobody understood."""

from collections.abc import Mapping

from connectors.binance.topics import raw_event
from connectors.binance.trading.news import News, own_exec_id
from core.codec import KIND_OF
from core.events import AccountMoved, AccountTraded, OrderReport, ReportType
from core.instruments import Instrument
from core.money import money
from core.records import NO_INSTRUMENT, Event, Kind

_NS_PER_MS = 1_000_000
_REPORT = int(Kind.REPORT)


class Teller:
    """Collects events; `events` is what was said since it was last taken."""

    def __init__(self, venue: str) -> None:
        """Say nothing yet."""
        self.events: list[Event] = []
        self.instruments: Mapping[int, Instrument] = {}
        self._venue = venue
        self._indexes: dict[str, int] = {}

    def assign(self, instruments: Mapping[int, Instrument]) -> None:
        """Take the rules of the instruments by index."""
        self.instruments = instruments
        self._indexes = {rules.symbol: index for index, rules in instruments.items()}

    def index_of(self, symbol: str) -> int:
        """Return the index of a symbol, NO_INSTRUMENT for one that is not traded here."""
        return self._indexes.get(symbol, NO_INSTRUMENT)

    def report(self, index: int, now_ns: int, time_ms: int, report: OrderReport) -> None:
        """Say what became of an order; `time_ms` is the venue's, 0 where it told none."""
        self.events.append((_REPORT, 0, index, now_ns, time_ms * _NS_PER_MS, report, 0, 0, 0, 0))

    def moved(self, symbol: str, moved: AccountMoved, now_ns: int, time_ms: int) -> None:
        """Say that money moved without an order."""
        index = self.index_of(symbol)
        self.events.append((KIND_OF[AccountMoved], 0, index, now_ns, time_ms * _NS_PER_MS, moved, 0, 0, 0, 0))

    def traded(self, news: News, reason: str, index: int, now_ns: int) -> None:
        """Say that the venue traded on our account by itself. Raises PrecisionError."""
        rules = self.instruments[index]
        traded = AccountTraded(
            venue=self._venue,
            order_id=news.name,
            exec_id=own_exec_id(news.symbol, news.trade_id),
            side=news.side,
            price=rules.price(news.last_price),
            quantity=rules.quantity(news.last_quantity),
            fee=str(money(news.fee)),
            fee_currency=news.fee_asset,
            reason=reason,
            hedge=news.hedge,
        )
        venue_ns = news.time_ms * _NS_PER_MS
        self.events.append((KIND_OF[AccountTraded], 0, index, now_ns, venue_ns, traded, 0, 0, 0, 0))

    def keep_raw(self, index: int, now_ns: int, reason: str, event: bytes) -> None:
        """Keep bytes as they came."""
        self.events.append(raw_event(self._venue, index, now_ns, reason[:200], event))

    def quarantine(self, index: int, name: str, what: str, event: bytes, now_ns: int) -> None:
        """Keep what nobody documented, and call the order's state unknown until evidence tells it."""
        self.keep_raw(index, now_ns, f"undocumented: {what}", event)
        if name and index != NO_INSTRUMENT:
            reason = f"the venue told something undocumented: {what}"[:200]
            self.report(
                index, now_ns, 0, OrderReport(type=ReportType.OUTCOME_UNKNOWN, client_order_id=name, reason=reason)
            )
