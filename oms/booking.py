"""Bookkeeping: what executions and the venue's own doings move in positions, lots, cash and books, in one place.

Everything here is asserted as it is made: `oms.execution` checks the positions, `Books.settled` that the money that
moved has its other side.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.effects import Alert, ConversionUsed, Effect, Severity
from core.events import AccountMoved, AccountTraded, CorporateAction, OrderReport
from core.orders import Side
from oms.account import AccountBook
from oms.books import FEES
from oms.corporate import apply_corporate
from oms.execution import close_trade, execute_both, execute_net, execute_own, take_back_all
from oms.holding import Holding
from oms.ledger import Ledger, trade_flow
from oms.order import Booked, Order
from oms.positions import book_fee, fee_value
from oms.rates import Rate, Rates
from oms.reports import fee_amount
from oms.rules import AccountingRules, LotMethod
from oms.tax import TaxLots
from oms.updates import order_filled, position_changed, report_alert


class Bookkeeper:
    """Books executions and account events. `ledger`, `account`, `lots` and `rates` may be read."""

    __slots__ = ("account", "ledger", "lots", "rates", "rules")

    def __init__(self, balances: Mapping[str, int], rules: AccountingRules) -> None:
        """Start from `balances`, money per currency."""
        self.rules = rules
        self.ledger = Ledger(balances)
        self.account = AccountBook()
        self.lots = None if rules.lots is LotMethod.AVERAGE else TaxLots(rules.lots)
        self.rates = Rates()

    def reopen(self, balances: Mapping[str, int], liabilities: Mapping[str, int] | None = None) -> None:
        """Begin new books from balances, and from what is owed in them."""
        self.ledger = Ledger(balances, liabilities)

    def fill(
        self,
        order: Order,
        holding: Holding,
        report: OrderReport,
        now_ns: int,
        effects: list[Effect],
        alerts: list[Effect],
    ) -> Booked:
        """Move positions and cash by one execution, the fee last; return what is to be remembered of it.

        Raises InvariantError.
        """
        side, quantity, price = order.side, report.quantity, report.price
        terms, net, ledger = holding.terms, holding.net, self.ledger
        fee = fee_amount(report)
        if fee is None:
            why = f"its fee {report.fee[:40]!r} is no integer; booked without a fee, add it by hand"
            alerts.append(report_alert(Severity.ERROR, "BAD_FEE", report, order.instrument, why))
            fee = 0
        fee_currency = report.fee_currency or terms.currency
        if not fee and report.exec_id in order.exec_ids:
            _, _, fee, fee_currency, _, _ = order.exec_ids[report.exec_id]  # it came first
        hedge, strategy_id = hedge_of(order), order.strategy_id
        before = net.realised
        if hedge:
            own, own_realised = execute_own(holding, strategy_id, hedge, side, quantity, price)
            realised = execute_net(holding, hedge, side, quantity, price)
        else:
            own = holding.position(strategy_id)
            own_realised, realised = execute_both(own, net, side, quantity, price)
        counted = 0
        if fee and not hedge and fee_currency == terms.currency:  # `move_fee` written out: nearly every fill's fee
            order.fees[fee_currency] = order.fees.get(fee_currency, 0) + fee
            counted = fee
            book_fee(own, fee, 0, 1)
            book_fee(net, fee, 0, 1)
        elif fee:
            counted = self.move_fee(order, holding, fee, fee_currency, price, 1, report.exec_id, alerts)
        effects.append(order_filled(order, report, fee, fee_currency, own_realised * own.factor))
        effects.append(position_changed(net))
        ledger.book_trade(terms, side, quantity, price, realised, effects)
        close_trade(ledger.books, terms, side, quantity, price, net.realised - before)
        if fee:
            ledger.add(fee_currency, -fee, "fee", effects)
            ledger.books.close(fee_currency, FEES, fee, report)
        if self.lots is not None:
            key, execution = (strategy_id, hedge), (side, quantity, price)
            self.lots.fill(holding, key, execution, counted, report.exec_id, now_ns, effects)
        return quantity, price, fee, fee_currency, own_realised, realised

    def take_back(
        self, order: Order, holding: Holding, exec_id: str, booked: Booked, now_ns: int, effects: list[Effect]
    ) -> int:
        """Take back an execution of `order` as it was booked; return what the strategy's profit moves by, cost units.

        Positions, cash, books and lots follow, and PositionChanged, BalanceChanged and LotChanged tell it; the order
        itself is the caller's. Raises InvariantError.
        """
        quantity, price, fee, fee_currency, own_realised, realised = booked
        side, terms, net, hedge, ledger = order.side, holding.terms, holding.net, hedge_of(order), self.ledger
        before = net.realised
        told: list[Effect] = []
        own_back, net_back = take_back_all(
            holding, order.strategy_id, hedge, side, quantity, price, (own_realised, realised)
        )
        counted = self.move_fee(order, holding, fee, fee_currency, price, -1, exec_id, told) if fee else 0
        effects.append(position_changed(net))
        base, value = trade_flow(terms.holds_base, terms.is_option, -side, quantity, price, net_back)
        ledger.add(terms.base, base * terms.base_factor, "bust", effects)
        ledger.add(terms.quote if terms.holds_base else terms.currency, value * terms.value_factor, "bust", effects)
        close_trade(ledger.books, terms, -side, quantity, price, net.realised - before)
        ledger.add(fee_currency, fee, "bust", effects)
        ledger.books.close(fee_currency, FEES, -fee, exec_id)
        if self.lots is not None:
            key, execution = (order.strategy_id, hedge), (side, quantity, price)
            self.lots.reverse(holding, key, execution, counted, exec_id, now_ns, effects)
        effects.extend(told)
        return own_back

    def join_fee(
        self,
        order: Order,
        holding: Holding,
        fee: int,
        fee_currency: str,
        price: int,
        exec_id: str,
        effects: list[Effect],
    ) -> None:
        """Book the fee of an execution that was booked without one. A lot that it opened or closed stays without it."""
        told: list[Effect] = []
        self.move_fee(order, holding, fee, fee_currency, price, 1, exec_id, told)
        effects.append(position_changed(holding.net))
        self.ledger.add(fee_currency, -fee, "fee", effects)
        self.ledger.books.close(fee_currency, FEES, fee, exec_id)
        effects.extend(told)

    def move_fee(
        self,
        order: Order,
        holding: Holding,
        fee: int,
        fee_currency: str,
        price: int,
        sign: int,
        exec_id: str,
        effects: list[Effect],
    ) -> int:
        """Add a fee to its order and positions (`sign` 1), or take it off again (-1); return what it is worth to a lot.

        A fee in the instrument's currency or its base counts at the fill's price. One in a third currency counts only
        where `accounting.base_currency` is set and a market tells the rate; then ConversionUsed tells it too, and where
        none does, an alert. A lot does not count it: the journal has it beside the lot, by the execution.
        """
        terms, strategy_id, hedge = holding.terms, order.strategy_id, hedge_of(order)
        paid = order.fees.get(fee_currency, 0) + sign * fee
        if paid or sign > 0:
            order.fees[fee_currency] = paid
        else:
            del order.fees[fee_currency]
        fee_price, price_unit = terms.fee_price(fee_currency, price)
        if fee_price:
            whole, rest = fee_value(fee, fee_price, price_unit, 1)
            self._count(holding, strategy_id, hedge, sign * (whole + rest))
            return whole + rest
        if not self.rules.base_currency:
            return 0
        rate = self.rates.find(fee_currency, terms.currency)
        if rate is not None:
            used = _conversion(holding, strategy_id, hedge, sign * fee, fee_currency, exec_id, rate)
            self.book_conversion(used, holding)
            effects.append(used)
        else:
            why = (
                f"no market tells what {fee_currency} is worth in {terms.currency}: the fee of {exec_id} is in the "
                f"balances, not in the position; add a pair of {fee_currency} to the instruments"
            )
            effects.append(Alert(severity=Severity.WARNING, code="NO_RATE", message=why, instrument=holding.index))
        return 0

    def account_event(
        self,
        what: AccountMoved | AccountTraded | CorporateAction,
        holding: Holding | None,
        now_ns: int,
        effects: list[Effect],
    ) -> bool:
        """Book what happened to the account without an order of ours; `holding` is the instrument that it is for.

        Return whether a corporate action was news; the account's book knows repeats of the others.
        """
        if isinstance(what, AccountMoved):
            self.account.move(what, holding, self.ledger, effects)
            return False
        assert holding is not None
        if isinstance(what, AccountTraded):
            self.account.trade(what, holding, self.ledger, self.lots, now_ns, effects)
            return False
        is_news = self.account.is_new(f"{what.venue}:{what.action_id}")
        if is_news:
            apply_corporate(what, holding, self.ledger, self.lots, now_ns, effects)
        return is_news

    def canonical(self, holdings: Iterable[Holding]) -> list[object]:
        """Return what is kept beyond positions and balances, for a digest: nothing where nothing unusual was used.

        `restore` takes it back, after a trip through JSON or msgpack too.
        """
        legs = [
            (holding.index, side, strategy_id, *position.canonical())
            for holding in holdings
            for side, leg in sorted(holding.legs.items())
            for strategy_id, position in [("", leg.net), *sorted(leg.own.items())]
        ]
        extras: list[tuple[str, object]] = [
            ("legs", legs),
            ("loans", [(currency, str(owed)) for currency, owed in self.ledger.books.liabilities().items()]),
            ("lots", self.lots.canonical() if self.lots is not None else []),
        ]
        return [[name, rows] for name, rows in extras if rows]

    def restore(self, extras: Iterable[Sequence[Any]], holdings: Mapping[int, Holding]) -> None:
        """Take back what `canonical` gave; balances and net positions are there already."""
        for name, rows in extras:
            if name == "lots" and self.lots is not None:
                self.lots.restore(rows)
            elif name == "loans":
                self.ledger.books.owe({currency: int(owed) for currency, owed in rows})
            elif name == "legs":
                told: dict[tuple[int, int], bool] = {}
                for index, side, strategy_id, quantity, *texts in rows:
                    leg = holdings[index].leg(side)
                    is_own = told.setdefault((index, side), False)
                    told[index, side] = True
                    position = holdings[index].leg_position(side, strategy_id) if is_own else leg.net
                    numbers = [int(text) for text in texts]
                    position.quantity = quantity
                    position.cost, position.realised, position.fees, position.fills = numbers

    def book_conversion(self, used: ConversionUsed, holding: Holding) -> None:
        """Count a converted fee in the positions that it belongs to."""
        hedge, value = int(used.hedge or 0), int(used.value)
        self._count(holding, used.strategy_id, hedge, value)

    def _count(self, holding: Holding, strategy_id: str, hedge: int, value: int) -> None:
        """Add a fee, in the instrument's currency, to the account's and the strategy's position."""
        book_fee(holding.position(strategy_id), value, 0, 1)
        book_fee(holding.net, value, 0, 1)
        if hedge:
            book_fee(holding.leg_position(hedge, strategy_id), value, 0, 1)
            book_fee(holding.leg(hedge).net, value, 0, 1)


def _conversion(
    holding: Holding, strategy_id: str, hedge: int, fee: int, fee_currency: str, exec_id: str, rate: Rate
) -> ConversionUsed:
    """Return a fee with the rate that counts it; its value is rounded up, so that it is never shown smaller."""
    return ConversionUsed(
        instrument=holding.index,
        strategy_id=strategy_id,
        reason="fee",
        reference=exec_id,
        source=fee_currency,
        target=holding.terms.currency,
        amount=str(fee),
        value=str(-(-fee * rate.numerator // rate.denominator)),
        numerator=str(rate.numerator),
        denominator=str(rate.denominator),
        path=rate.path,
        priced_ns=rate.priced_ns,
        hedge=Side(hedge) if hedge else None,
    )


def hedge_of(order: Order) -> int:
    """Return the side of the leg that an order works on, 0 for one that names none."""
    terms = order.intent.terms
    return int(terms.hedge) if terms is not None and terms.hedge is not None else 0
