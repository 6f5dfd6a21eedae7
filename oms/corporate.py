"""Dividends and splits: what an issuer does to positions, cash and lots, exactly, and what a person must look at.

Who is long when the action takes effect receives a dividend, who is short pays it; it counts against the fees of the
position, as funding does. A split leaves cost as it is and changes the quantity; fractions that the instrument cannot
count are sold at the cash price. Both are rounded once, towards zero at 10^-18 and at the quantity's unit, for the
whole account; the strategies share the result to the last unit.
"""

from collections.abc import Iterator, Mapping

from core.effects import Alert, Effect, Severity
from core.errors import InvariantError
from core.events import CorporateAction, CorporateKind
from oms.books import DIVIDENDS, MARKET
from oms.holding import Holding, Leg
from oms.ledger import Ledger
from oms.order import Order
from oms.positions import Position, book_fee
from oms.tax import TaxLots
from oms.terms import Terms
from oms.updates import position_changed


def apply_corporate(
    action: CorporateAction,
    holding: Holding,
    ledger: Ledger,
    lots: TaxLots | None,
    now_ns: int,
    effects: list[Effect],
) -> None:
    """Book an action; it was not seen before. What cannot be booked becomes an alert. Raises InvariantError."""
    defect = _defect(action, holding)
    if defect:
        message = f"{action.kind.value} {action.action_id!r} of {holding.instrument.id} not booked: {defect}"
        effects.append(_alert(Severity.ERROR, "BAD_CORPORATE_ACTION", message, holding))
    elif action.kind is CorporateKind.DIVIDEND:
        _pay_dividend(action, holding, ledger, effects)
    else:
        _split(action, holding, ledger, lots, now_ns, effects)


def open_orders_alert(action: CorporateAction, holding: Holding, orders: list[Order]) -> Iterator[Alert]:
    """Yield what a person must know of the instrument's open orders: they mean something else now."""
    names = [order.client_order_id for order in orders if order.instrument == holding.index]
    if names and action.kind is CorporateKind.SPLIT:
        ratio = f"{action.numerator} for {action.denominator}"
        message = (
            f"{holding.instrument.id} was split {ratio} while orders were open ({', '.join(names)}): they ask for the "
            "old quantity at the old price; cancel them, or find out what the venue made of them"
        )
        yield _alert(Severity.WARNING, "OPEN_ORDERS_AT_SPLIT", message, holding)


def shares_of(holding: Holding, amount: int, held: int) -> list[tuple[Position, int]]:
    """Return (position, share) of an amount by what each strategy holds of `held`, exactly; nothing where that is 0."""
    owners = [holding.own[strategy_id] for strategy_id in sorted(holding.own) if holding.own[strategy_id].quantity]
    if not held or sum(own.quantity for own in owners) != held:
        return []
    shares = [(own, amount * own.quantity // held) for own in owners]
    rest = amount - sum(share for _, share in shares)
    own, share = shares[-1]
    return [*shares[:-1], (own, share + rest)]


def _defect(action: CorporateAction, holding: Holding) -> str:
    """Return what makes an action impossible to book, empty where nothing does."""
    if not action.action_id:
        return "it has no id, so a repeat could not be told"
    if action.kind is CorporateKind.DIVIDEND and not action.amount.lstrip("-").isdecimal():
        return f"its amount {action.amount[:40]!r} is no integer"
    if action.kind is CorporateKind.SPLIT and (action.numerator <= 0 or action.denominator <= 0):
        return f"{action.numerator} for {action.denominator} is no ratio"
    return no_shares(holding.legs, holding.terms) if action.kind is CorporateKind.SPLIT else ""


def no_shares(legs: Mapping[int, Leg], terms: Terms) -> str:
    """Return why a holding cannot be split, empty where it can."""
    if legs or terms.inverse_scale:
        return "contracts with two sides, and inverse ones, have no shares to split; adjust the position by hand"
    return ""


def _pay_dividend(action: CorporateAction, holding: Holding, ledger: Ledger, effects: list[Effect]) -> None:
    """Pay what every whole share brings on what the account holds."""
    net, currency = holding.net, action.currency or holding.terms.currency
    unit = int(10**holding.instrument.size_precision)
    paid = _towards_zero(net.quantity * int(action.amount) * holding.instrument.multiplier, unit)
    if not paid:
        return
    if currency == holding.terms.currency:
        for own, share in shares_of(holding, -paid, net.quantity):
            book_fee(own, share, 0, 1)
        book_fee(net, -paid, 0, 1)
        effects.append(position_changed(net))
    ledger.add(currency, paid, "dividend", effects)
    ledger.books.close(currency, DIVIDENDS, -paid, action)


def _split(
    action: CorporateAction,
    holding: Holding,
    ledger: Ledger,
    lots: TaxLots | None,
    now_ns: int,
    effects: list[Effect],
) -> None:
    """Multiply what the account and each strategy holds; sell the fractions."""
    net, terms, ratio = holding.net, holding.terms, (action.numerator, action.denominator)
    before = net.quantity
    quantity = _towards_zero(before * ratio[0], ratio[1])
    value = _fraction_value(before, quantity, action)
    shares = _split_shares(holding, quantity, value, action)
    told: list[Effect] = []
    for strategy_id, own_quantity, own_value in shares:
        own = holding.own[strategy_id]
        side = 1 if own.quantity > 0 else -1
        _split_position(own, own_quantity, own_value, ratio)
        if lots is not None:
            lots.split(holding, (strategy_id, 0), ratio, own_quantity, side * own_value, action.action_id, now_ns, told)
    if before:
        _split_position(net, quantity, value, ratio)
        effects.append(position_changed(net))
    books = ledger.books
    if terms.holds_base:
        balance = ledger.balance(terms.base)
        others = _towards_zero((balance - before * terms.base_factor) * ratio[0], ratio[1])
        ledger.add(terms.base, quantity * terms.base_factor + others - balance, "split", effects)
        books.close(terms.base, MARKET, balance - quantity * terms.base_factor - others, action)
    ledger.add(terms.currency, value * terms.value_factor, "split", effects)
    books.close(terms.currency, MARKET, -value * terms.value_factor, action)
    effects.extend(told)


def _split_shares(holding: Holding, quantity: int, value: int, action: CorporateAction) -> list[tuple[str, int, int]]:
    """Return (strategy id, new quantity, value of its fraction), which add up to the account's; by strategy id.

    Each gets its own cut towards zero; units that are left go where most was cut off.
    """
    owners = [strategy_id for strategy_id in sorted(holding.own) if holding.own[strategy_id].quantity]
    exact = {strategy_id: holding.own[strategy_id].quantity * action.numerator for strategy_id in owners}
    new = {strategy_id: _towards_zero(exact[strategy_id], action.denominator) for strategy_id in owners}
    held = sum(holding.own[strategy_id].quantity for strategy_id in owners)
    left = quantity - sum(new.values()) if held == holding.net.quantity else 0
    step = 1 if left > 0 else -1

    def cut_off(strategy_id: str) -> int:
        return -step * (exact[strategy_id] - new[strategy_id] * action.denominator)

    for strategy_id in sorted(owners, key=cut_off)[: abs(left)]:
        new[strategy_id] += step
    shares = [(name, new[name], _fraction_value(holding.own[name].quantity, new[name], action)) for name in owners]
    if shares and held == holding.net.quantity:
        name, last, own_value = shares[-1]
        shares[-1] = (name, last, own_value + value - sum(share for _, _, share in shares))
    return shares


def _fraction_value(before: int, after: int, action: CorporateAction) -> int:
    """Return what the fraction between the exact and the whole number of units is paid with, in cost units."""
    return _towards_zero(
        (before * action.numerator - after * action.denominator) * action.cash_price, action.denominator
    )


def _split_position(position: Position, quantity: int, value: int, ratio: tuple[int, int]) -> None:
    """Give a position its new quantity; its fraction is sold for `value` and takes its share of the cost along.

    Asserts that cost less profit moved by the value alone. Raises InvariantError.
    """
    exact, whole = position.quantity * ratio[0], quantity * ratio[1]
    share = position.cost if not quantity else _towards_zero(position.cost * (exact - whole), exact)
    before = position.cost - position.realised
    position.quantity = quantity
    position.cost -= share
    position.realised += value - share
    if before - (position.cost - position.realised) != value:
        raise InvariantError(f"a split of instrument {position.instrument} moved cost and profit apart by {value}")


def _towards_zero(numerator: int, denominator: int) -> int:
    """Return the quotient cut towards zero, for operands of any sign."""
    whole = abs(numerator) // abs(denominator)
    return whole if (numerator < 0) == (denominator < 0) else -whole


def _alert(severity: Severity, code: str, message: str, holding: Holding) -> Alert:
    """Return what a person should know."""
    return Alert(severity=severity, code=code, message=message, instrument=holding.index)
