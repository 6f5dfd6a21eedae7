"""What a venue does to our account without an order of ours: money it moves, executions of its own making.

Each is booked once, by the venue's name of it. The cost of holding a position (funding, borrow) counts among the fees
of that position, so profit less fees is still the whole of what a position brought, and is shared among the strategies
by what each holds of it.
"""

from core.effects import Alert, Effect, OrderFilled, Severity
from core.events import AccountMoved, AccountTraded
from oms.books import FEES, LOANS, OTHER, REASONS
from oms.corporate import shares_of
from oms.execution import close_trade, execute_net, execute_own
from oms.holding import Holding
from oms.ledger import Ledger
from oms.positions import Position, book_fee, fee_value
from oms.tax import TaxLots
from oms.updates import position_changed

KEEP_NAMES = 10_000


class AccountBook:
    """Books account moves and the venue's own executions; knows the last `KEEP_NAMES` of them by name."""

    __slots__ = ("_names",)

    def __init__(self) -> None:
        """Have seen nothing."""
        self._names: dict[str, None] = {}

    def move(self, move: AccountMoved, holding: Holding | None, ledger: Ledger, effects: list[Effect]) -> None:
        """Book money that the venue moved; `holding` is the instrument that it is for, None for none.

        Effects: PositionChanged where it is the cost of a position, BalanceChanged; Alert in place of both.
        """
        amount = _whole(move.amount)
        if amount is None or not move.currency or not move.move_id:
            why = "its amount is no integer, or its currency or id is missing: add it by hand"
            effects.append(_alert(Severity.ERROR, "BAD_ACCOUNT_MOVE", f"{move.reason} {move.move_id[:40]!r}: {why}"))
            return
        if not self.is_new(f"{move.venue}:{move.move_id}"):
            return
        if holding is not None:
            self.count(holding, move.currency, amount, effects)
        ledger.add(move.currency, amount, move.reason, effects)
        is_loan = move.reason == "borrow" and holding is None and amount > 0
        account = LOANS if is_loan else REASONS.get(move.reason, OTHER)
        ledger.books.close(move.currency, account, -amount, move)

    def count(self, holding: Holding, currency: str, amount: int, effects: list[Effect]) -> bool:
        """Count money that holding a position brought among the fees of it; its balance is booked elsewhere.

        Returns whether it was counted: not where nothing was ever held, nor in another currency.
        """
        net = holding.net
        if not net.fills or currency != holding.terms.currency:
            return False
        for own, share in shares_of(holding, -amount, net.quantity):
            book_fee(own, share, 0, 1)
        book_fee(net, -amount, 0, 1)
        effects.append(position_changed(net))
        return True

    def trade(
        self,
        trade: AccountTraded,
        holding: Holding,
        ledger: Ledger,
        lots: TaxLots | None,
        now_ns: int,
        effects: list[Effect],
    ) -> None:
        """Book an execution that the venue made on its own, and share it among the strategies that held the position.

        Effects: OrderFilled for each strategy that it closed something of, LotChanged of each where lots are kept,
        PositionChanged, BalanceChanged, Alert.
        """
        fee = _whole(trade.fee)
        if not trade.exec_id or trade.quantity <= 0 or trade.price <= 0 or fee is None:
            why = f"quantity {trade.quantity} at {trade.price} units, fee {trade.fee[:40]!r}: compare with the venue"
            effects.append(_alert(Severity.ERROR, "BAD_ACCOUNT_TRADE", f"execution {trade.exec_id!r}: {why}", holding))
            return
        _, _, number = trade.exec_id.rpartition(":")
        if f"{trade.venue}:{number}" in self._names:  # told without its symbol: in states of before it was in front
            return
        if not self.is_new(f"{trade.venue}:{trade.exec_id}"):
            return
        fee_currency = trade.fee_currency or holding.terms.currency
        side, price, net, hedge = int(trade.side), trade.price, holding.net, int(trade.hedge or 0)
        left, fee_left = trade.quantity, fee
        before = net.realised
        told: list[Effect] = []
        for strategy_id, quantity in _closed(holding, hedge, side, trade.quantity):
            left -= quantity
            fee_share = fee * quantity // trade.quantity if left else fee_left
            fee_left -= fee_share
            own, realised = execute_own(holding, strategy_id, hedge, side, quantity, price)
            counted = _book_fee(holding, own, fee_share, fee_currency, price)
            effects.append(_filled(trade, strategy_id, net.instrument, quantity, fee_share, realised * own.factor))
            if lots is not None:
                key, execution = (strategy_id, hedge), (side, quantity, price)
                lots.fill(holding, key, execution, counted, trade.exec_id, now_ns, told)
        realised = execute_net(holding, hedge, side, trade.quantity, price)
        _book_fee(holding, net, fee, fee_currency, price)
        effects.append(position_changed(net))
        ledger.book_trade(holding.terms, side, trade.quantity, price, realised, effects)
        close_trade(ledger.books, holding.terms, side, trade.quantity, price, net.realised - before)
        ledger.add(fee_currency, -fee, "fee", effects)
        ledger.books.close(fee_currency, FEES, fee, trade)
        effects.extend(told)
        what = f"{trade.venue} closed {trade.quantity} units of {holding.instrument.id} at {price} units by itself"
        if trade.reason == "sweep":
            effects.append(_alert(Severity.INFO, "SWEEP", f"{what} (dust, order {trade.order_id})", holding))
            return
        why = f"{what} ({trade.reason}, order {trade.order_id}): look at margin and limits before trading on"
        effects.append(_alert(Severity.ERROR, trade.reason.upper() or "ACCOUNT_TRADE", why, holding))

    def restore(self, names: list[str]) -> None:
        """Take back the names of what was booked, oldest first."""
        self._names = dict.fromkeys(names)

    def canonical(self) -> list[str]:
        """Return the names of what was booked, oldest first."""
        return list(self._names)

    def is_new(self, name: str) -> bool:
        """Whether a name was not booked before; it is from now on."""
        if name in self._names:
            return False
        self._names[name] = None
        if len(self._names) > KEEP_NAMES:
            del self._names[next(iter(self._names))]
        return True


def _closed(holding: Holding, hedge: int, side: int, quantity: int) -> list[tuple[str, int]]:
    """Return (strategy id, quantity) that an execution closes: by strategy id, as far as each one holds.

    What nobody holds is booked under no strategy's name.
    """
    closed = []
    left = quantity
    positions = holding.leg(hedge).own if hedge else holding.own
    for strategy_id in sorted(positions):
        part = min(left, -positions[strategy_id].quantity * side)
        if part > 0:
            closed.append((strategy_id, part))
            left -= part
    if left:
        closed.append(("", left))
    return closed


def _book_fee(holding: Holding, position: Position, fee: int, fee_currency: str, price: int) -> int:
    """Add a fee to a position, valued in the instrument's currency; return that value."""
    fee_price, price_unit = holding.terms.fee_price(fee_currency, price)
    whole, rest = fee_value(fee, fee_price, price_unit, 1)
    book_fee(position, whole, rest, 1)
    return whole + rest


def _filled(
    trade: AccountTraded, strategy_id: str, instrument: int, quantity: int, fee: int, realised: int
) -> OrderFilled:
    """Return the share of an execution that is one strategy's."""
    return OrderFilled(
        client_order_id=trade.order_id,
        strategy_id=strategy_id,
        instrument=instrument,
        side=trade.side,
        exec_id=trade.exec_id,
        price=trade.price,
        quantity=quantity,
        fee=str(fee),
        fee_currency=trade.fee_currency,
        liquidity=None,
        realised=str(realised),
    )


def _whole(text: str) -> int | None:
    """Return money in text as an integer, None where it is none."""
    try:
        return int(text)
    except ValueError:
        return None


def _alert(severity: Severity, code: str, message: str, holding: Holding | None = None) -> Alert:
    """Return what a person should know."""
    return Alert(severity=severity, code=code, message=message, instrument=holding.index if holding else 0xFFFF)
