"""One execution in positions and books, asserted as it is made: what every booker of executions goes through."""

from core.errors import InvariantError
from oms.books import MARKET, Books
from oms.holding import Holding
from oms.inverse import fill_inverse
from oms.positions import Position, apply_fill, inverse_value
from oms.terms import Terms


def execute(position: Position, side: int, quantity: int, price: int) -> int:
    """Book one execution in one position and return what it realised, in the position's cost units.

    Asserts that the position takes exactly what was executed: its quantity moves by it, and cost less profit by its
    value. Raises InvariantError.
    """
    scale = position.inverse_scale
    if not scale:
        return _execute_linear(position, side, quantity, price)
    held, before, value = position.quantity, position.cost + position.realised, inverse_value(quantity, price, scale)
    realised = fill_inverse(position, side, quantity, value)
    if position.cost + position.realised - before != side * value or position.quantity - held != side * quantity:
        raise _missed(position, held, side * quantity, price)
    return realised


def execute_both(own: Position, net: Position, side: int, quantity: int, price: int) -> tuple[int, int]:
    """Book one execution for a strategy's and the account's position; return both profits. Raises InvariantError."""
    if own.inverse_scale:
        return execute(own, side, quantity, price), execute(net, side, quantity, price)
    return _execute_linear(own, side, quantity, price), _execute_linear(net, side, quantity, price)


def _execute_linear(position: Position, side: int, quantity: int, price: int) -> int:
    """Do as `fill_position` does, written out so that the assertion costs a comparison or two of what is at hand."""
    held, cost, moved = position.quantity, position.cost, side * quantity
    left, rest, realised = apply_fill(held, cost, side, quantity, price)
    if left - held != moved or rest - cost - realised != moved * price:
        raise _missed(position, held, moved, price)
    position.quantity = left
    position.cost = rest
    position.realised += realised
    position.fills += 1
    return realised


def _missed(position: Position, held: int, moved: int, price: int) -> InvariantError:
    """Return what a person needs who must find out why a position did not take an execution as it was."""
    return InvariantError(
        f"instrument {position.instrument}: an execution of {moved} units at {price} units was missed by a position of "
        f"{held} units, {position.quantity} now, cost {position.cost}, realised {position.realised}"
    )


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
