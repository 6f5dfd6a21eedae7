"""A day's figures: orders by how they ended, fills, turnover, fees and profit by strategy, refusals by code."""

from collections import Counter

import msgspec

from core.effects import OrderBusted, OrderFilled, OrderUpdated
from core.money import money_text
from core.orders import ApprovedCancel, ApprovedGroup, ApprovedReplace, ApprovedSubmit, OrderState, Refusal
from daemon.audit.walk import Seen
from daemon.store.known import Known

_ENDS = frozenset(
    (OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED, OrderState.REJECTED, OrderState.NEVER_ARRIVED)
)


class StrategyTotal(msgspec.Struct, frozen=True, kw_only=True):
    """What one strategy did in one currency: `realised` is before fees; fees of any currency stand in `fees`."""

    strategy: str
    currency: str
    fills: int
    turnover: str
    realised: str
    fees: dict[str, str]


class RefusalTotal(msgspec.Struct, frozen=True, kw_only=True):
    """Refusals of one code: the last limit and figure, and the version of the limits then."""

    code: str
    strategy: str
    count: int
    limit: str
    figure: str
    limits_version: int


class _Traded(msgspec.Struct):
    """Sums as money."""

    fills: int = 0
    turnover: int = 0
    realised: int = 0
    fees: Counter[str] = msgspec.field(default_factory=Counter)


class Totals:
    """Sums that exact money allows: an execution that was taken back counts with the signs turned."""

    def __init__(self) -> None:
        """Have seen nothing."""
        self.orders: Counter[str] = Counter()
        self.fees: Counter[str] = Counter()
        self._traded: dict[tuple[str, str], _Traded] = {}
        self._refused: Counter[tuple[str, str]] = Counter()
        self._last: dict[tuple[str, str], Refusal] = {}

    def take(self, known: Known, seen: Seen) -> None:
        """Count one record."""
        payload = seen.payload
        match payload:
            case OrderFilled():
                self._fill(known, payload, 1)
            case OrderBusted():
                self._fill(known, payload, -1)
            case OrderUpdated(state=state) if state in _ENDS and payload.previous is not state:
                self.orders[state.value] += 1
            case ApprovedSubmit():
                self.orders["sent"] += 1
            case ApprovedGroup(orders=orders):
                self.orders["sent"] += len(orders)
            case ApprovedCancel():
                self.orders["cancels sent"] += 1
            case ApprovedReplace():
                self.orders["replaces sent"] += 1
            case Refusal():
                key = (payload.code, payload.intent.strategy_id)
                self._refused[key] += 1
                self._last[key] = payload
            case _:
                pass

    def _fill(self, known: Known, fill: OrderFilled | OrderBusted, sign: int) -> None:
        traded = known.instruments.get(fill.instrument)
        if traded is None:
            return
        terms = traded.terms
        row = self._traded.setdefault((fill.strategy_id, traded.instrument.currency), _Traded())
        row.fills += sign
        row.turnover += sign * terms.value(fill.quantity, fill.price) * terms.value_factor
        row.realised += int(fill.realised)
        row.fees[fill.fee_currency] += sign * int(fill.fee)
        self.fees[fill.fee_currency] += sign * int(fill.fee)

    def strategy_rows(self) -> tuple[StrategyTotal, ...]:
        """Return the sums of each strategy and currency."""
        return tuple(
            StrategyTotal(
                strategy=strategy,
                currency=currency,
                fills=row.fills,
                turnover=money_text(row.turnover),
                realised=money_text(row.realised),
                fees={name: money_text(amount) for name, amount in sorted(row.fees.items())},
            )
            for (strategy, currency), row in sorted(self._traded.items())
        )

    def refusal_rows(self) -> tuple[RefusalTotal, ...]:
        """Return the refusals by code and strategy, the most first."""
        return tuple(
            RefusalTotal(
                code=code,
                strategy=strategy,
                count=count,
                limit=self._last[code, strategy].limit,
                figure=self._last[code, strategy].figure,
                limits_version=self._last[code, strategy].limits_version,
            )
            for (code, strategy), count in self._refused.most_common()
        )
