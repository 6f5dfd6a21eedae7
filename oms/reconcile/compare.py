"""Our figures beside a venue's: balances and positions, exact to the last unit."""

from collections.abc import Sequence
from typing import NamedTuple

from core.money import money_text
from oms.manager import OrderManager
from oms.reconcile.opening import Opening

_SIDES = {0: "", 1: "long ", -1: "short "}


class Difference(NamedTuple):
    """Two figures that should be one. `key` names what, `figure` how much, `instruments` whom it concerns."""

    key: str
    figure: int
    instruments: tuple[int, ...]
    text: str


def differences(manager: OrderManager, opening: Opening, venues: Sequence[str], venue: str) -> list[Difference]:
    """Return where the last figures that the venues told differ from ours; positions at `venue` alone.

    There is one balance a currency in our books, so balances are compared once every venue has told its part.
    """
    found = []
    if all(name in opening.told_balances for name in venues):
        found += _balances(manager, opening, venues)
    if venue in opening.told_positions:
        found += _positions(manager, opening, venue)
    return found


def contracts(manager: OrderManager, venue: str) -> list[int]:
    """Return the instruments of a venue that make positions there: all but those that exchange the asset itself."""
    return [index for index in instruments(manager, venue) if not manager.instrument(index).holds_base]


def instruments(manager: OrderManager, venue: str) -> list[int]:
    """Return the instruments of a venue."""
    return [index for index in manager.instruments() if manager.instrument(index).venue == venue]


def figures(manager: OrderManager) -> dict[str, int]:
    """Return our side of every comparison by its name, to see what moved meanwhile."""
    ours = {_balance_key(currency): amount for currency, amount in manager.balances().items()}
    for index in manager.instruments():
        name = manager.instrument(index).id
        ours[_position_key(name)] = manager.position(index).quantity
        ours |= {_position_key(name, side): leg.net.quantity for side, leg in manager.legs(index).items()}
    return ours


def _balance_key(currency: str) -> str:
    return f"balance {currency}"


def _position_key(instrument_id: str, side: int = 0) -> str:
    return f"{_SIDES[side]}position {instrument_id}"


def _balances(manager: OrderManager, opening: Opening, venues: Sequence[str]) -> list[Difference]:
    """Compare what all venues together hold of each currency."""
    told: dict[str, int] = {}
    for venue in venues:
        for currency, total in opening.told_balances[venue].items():
            told[currency] = told.get(currency, 0) + total
    known = manager.balances()
    found = []
    for currency in sorted(told.keys() | known.keys()):
        there, here = told.get(currency, 0), known.get(currency, 0)
        if there != here:
            text = (
                f"balance of {currency}: {money_text(there)} at {' and '.join(venues)}, {money_text(here)} in our "
                f"books, {money_text(there - here)} more there"
            )
            found.append(Difference(_balance_key(currency), there - here, _trading(manager, venues, currency), text))
    return found


def _trading(manager: OrderManager, venues: Sequence[str], currency: str) -> tuple[int, ...]:
    """Return the instruments whose trades move a currency."""
    concerned = []
    for index in manager.instruments():
        instrument = manager.instrument(index)
        moved = (instrument.base, instrument.quote) if instrument.holds_base else (instrument.currency,)
        if instrument.venue in venues and currency in moved:
            concerned.append(index)
    return tuple(concerned)


def _positions(manager: OrderManager, opening: Opening, venue: str) -> list[Difference]:
    """Compare the positions in the contracts of one venue; in hedge mode each side, for a sum hides both."""
    told, told_legs = opening.told_positions[venue], opening.told_legs.get(venue, {})
    found = []
    for index in contracts(manager, venue):
        legs = manager.legs(index)
        pairs = [(0, told.get(index, 0), manager.position(index).quantity)]
        if legs or (index, 1) in told_legs or (index, -1) in told_legs:
            pairs = [
                (side, told_legs.get((index, side), 0), legs[side].net.quantity if side in legs else 0)
                for side in (1, -1)
            ]
        instrument = manager.instrument(index)
        for side, there, here in pairs:
            if there != here:
                text = (
                    f"{_SIDES[side]}position in {instrument.id}: {instrument.quantity_text(there)} at the venue, "
                    f"{instrument.quantity_text(here)} in our books"
                )
                found.append(Difference(_position_key(instrument.id, side), there - here, (index,), text))
    return found
