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


def take_back(position: Position, side: int, quantity: int, price: int, realised: int) -> int:
    """Undo one execution that realised `realised`; return by how much the realised profit moves, in cost units.

    Where later executions have used it up, the position moves as by the opposite execution at the same price. Its value
    leaves cost less profit exactly either way, which is asserted. Raises InvariantError.
    """
    scale, held, cost, flow = position.inverse_scale, position.quantity, position.cost, _flow(position)
    value = side * (inverse_value(quantity, price, scale) if scale else quantity * price)
    left, rest = held - side * quantity, cost - value - (-realised if scale else realised)
    if (left > 0) == (rest > 0) and (left < 0) == (rest < 0):
        position.quantity, position.cost, moved = left, rest, -realised
        position.realised += moved
    else:
        moved = execute(position, -side, quantity, price)
        position.fills -= 1
    position.fills -= 1
    if _flow(position) != flow - value:
        raise InvariantError(f"taking {side * quantity} units at {price} back missed their value")
    return moved


def take_back_all(
    holding: Holding, strategy_id: str, hedge: int, side: int, quantity: int, price: int, realised: tuple[int, int]
) -> tuple[int, int]:
    """Undo one execution for a strategy and the account, which realised `realised`; return what profits move by."""
    own, net = holding.position(strategy_id), holding.net
    if not hedge:
        return take_back(own, side, quantity, price, realised[0]), take_back(net, side, quantity, price, realised[1])
    legs = ((holding.leg_position(hedge, strategy_id), own), (holding.leg(hedge).net, net))
    moved = []
    for (leg, whole), gained in zip(legs, realised, strict=True):
        cost = leg.cost
        moved.append(take_back(leg, side, quantity, price, gained))
        whole.quantity -= side * quantity
        whole.cost += leg.cost - cost
        whole.realised += moved[-1]
        whole.fills -= 1
    return moved[0], moved[1]


def _flow(position: Position) -> int:
    """Return the signed value of all that the position went through."""
    return position.cost + position.realised if position.inverse_scale else position.cost - position.realised
