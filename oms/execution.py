"""One execution in positions and books, asserted as it is made: what every booker of executions goes through."""

from core.errors import InvariantError
from oms.books import MARKET, Books
from oms.holding import Holding
from oms.inverse import fill_inverse
from oms.positions import Position, fill_position, inverse_value
from oms.terms import Terms


def execute(position: Position, side: int, quantity: int, price: int) -> int:
    """Book one execution in one position and return what it realised, in the position's cost units.

    Asserts that the position took exactly what was executed: its quantity moved by it, and cost less profit by its
    value. Raises InvariantError.
    """
    held, scale = position.quantity, position.inverse_scale
    if scale:
        value = inverse_value(quantity, price, scale)
        before = position.cost + position.realised
        realised = fill_inverse(position, side, quantity, value)
        short = position.cost + position.realised - before - side * value
    else:
        before = position.cost - position.realised
        realised = fill_position(position, side, quantity, price)
        short = position.cost - position.realised - before - side * quantity * price
    if short or position.quantity - held != side * quantity or (not position.quantity and position.cost):
        raise InvariantError(
            f"instrument {position.instrument}: {side * quantity} units at {price} moved a position of {held} units to "
            f"{position.quantity}, cost {position.cost}, and its value was missed by {short}"
        )
    return realised


def execute_both(own: Position, net: Position, side: int, quantity: int, price: int) -> tuple[int, int]:
    """Do as `execute` does for a strategy's and the account's position, in one frame: every fill comes through here."""
    if own.inverse_scale:
        return execute(own, side, quantity, price), execute(net, side, quantity, price)
    moved = side * quantity
    value = moved * price
    own_held, net_held = own.quantity + moved, net.quantity + moved
    own_flow, net_flow = own.cost - own.realised + value, net.cost - net.realised + value
    own_realised = fill_position(own, side, quantity, price)
    realised = fill_position(net, side, quantity, price)
    if own.cost - own.realised != own_flow or net.cost - net.realised != net_flow:
        raise InvariantError(f"{moved} units of instrument {net.instrument} at {price} missed their value")
    if own.quantity != own_held or net.quantity != net_held:
        raise InvariantError(f"{moved} units of instrument {net.instrument} left {own.quantity} and {net.quantity}")
    return own_realised, realised


def execute_own(
    holding: Holding, strategy_id: str, hedge: int, side: int, quantity: int, price: int
) -> tuple[Position, int]:
    """Book one execution for a strategy alone; return its position and its profit. Raises InvariantError."""
    own = holding.position(strategy_id)
    if not hedge:
        return own, execute(own, side, quantity, price)
    return own, _execute_leg(holding.leg_position(hedge, strategy_id), own, side, quantity, price)


def execute_net(holding: Holding, hedge: int, side: int, quantity: int, price: int) -> int:
    """Book one execution for the account; return its profit. Raises InvariantError."""
    if not hedge:
        return execute(holding.net, side, quantity, price)
    return _execute_leg(holding.leg(hedge).net, holding.net, side, quantity, price)


def _execute_leg(leg: Position, whole: Position, side: int, quantity: int, price: int) -> int:
    """Book one execution in a leg and let the sum over the legs follow."""
    cost = leg.cost
    realised = execute(leg, side, quantity, price)
    whole.quantity += side * quantity
    whole.cost += leg.cost - cost
    whole.realised += realised
    whole.fills += 1
    return realised


def close_trade(books: Books, terms: Terms, side: int, quantity: int, price: int, realised: int) -> None:
    """Post the market's side of an execution; `realised` is what the account's profit moved by. Raises InvariantError.

    What is exchanged is counted from the execution itself, what a contract pays from the position.
    """
    if terms.holds_base:
        books.close(terms.base, MARKET, -side * quantity * terms.base_factor, terms)
        books.close(terms.quote, MARKET, side * quantity * price * terms.value_factor, terms)
    elif terms.is_option:
        books.close(terms.currency, MARKET, side * quantity * price * terms.value_factor, terms)
    else:
        books.close(terms.currency, MARKET, -realised * terms.value_factor, terms)


def take_back(
    holding: Holding, strategy_id: str, hedge: int, side: int, quantity: int, price: int
) -> tuple[Position, int, int]:
    """Take back one execution that was booked; return what profits move by. Raises InvariantError."""
    own, net = holding.position(strategy_id), holding.net
    if not hedge:
        own_realised = _take_back(own, side, quantity, price)
        return own, own_realised, _take_back(net, side, quantity, price)
    realised = []
    for leg, whole in ((holding.leg_position(hedge, strategy_id), own), (holding.leg(hedge).net, net)):
        cost = leg.cost
        realised.append(_take_back(leg, side, quantity, price))
        whole.quantity -= side * quantity
        whole.cost += leg.cost - cost
        whole.realised += realised[-1]
    return own, realised[0], realised[1]


def _take_back(position: Position, side: int, quantity: int, price: int) -> int:
    """Take back one execution of one position; return what its profit moves by.

    Where it can have opened what is held, its quantity leaves at its own price, as if it had never been; what is left
    of the cost when nothing is held any more is profit. Else it had closed something: the other way at the same price.
    """
    scale = position.inverse_scale
    value = side * (inverse_value(quantity, price, scale) if scale else quantity * price)
    left, cost = position.quantity - side * quantity, position.cost - value
    if position.quantity * side < quantity or cost * side < 0:
        return execute(position, -side, quantity, price)
    position.quantity = left
    if left:
        position.cost = cost
        return 0
    realised = cost if scale else -cost
    position.cost = 0
    position.realised += realised
    return realised
