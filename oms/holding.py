"""One instrument as the order manager holds it: its terms, what its open orders reserve, its positions."""

from core.instruments import Instrument
from oms.moves import Exposure
from oms.positions import Position
from oms.terms import Terms


class Leg:
    """The long or the short side of an instrument in hedge mode: the account's position and each strategy's own."""

    __slots__ = ("net", "own")

    def __init__(self, net: Position) -> None:
        """Hold nothing."""
        self.net = net
        self.own: dict[str, Position] = {}


class Holding:
    """An instrument, its exposure, the account's net position and each strategy's own: live objects, kept for good.

    In hedge mode `legs` has the two sides, by the sign of each; `net` and `own` are their sums then, cost and profit
    too, so whoever reads only these still sees the whole. In netting mode there are no legs.
    """

    __slots__ = ("exposure", "index", "instrument", "legs", "net", "own", "terms")

    def __init__(self, index: int, instrument: Instrument) -> None:
        """Hold nothing."""
        self.index = index
        self.instrument = instrument
        self.terms = Terms(instrument)
        self.exposure = Exposure()
        self.net = self._flat()
        self.own: dict[str, Position] = {}
        self.legs: dict[int, Leg] = {}

    def redefine(self, instrument: Instrument) -> None:
        """Take new rules, and new units, which is for the caller to allow."""
        self.instrument = instrument
        self.terms = Terms(instrument)
        legs = [position for leg in self.legs.values() for position in (leg.net, *leg.own.values())]
        for position in (self.net, *self.own.values(), *legs):
            position.factor, position.inverse_scale = self.terms.value_factor, self.terms.inverse_scale

    def position(self, strategy_id: str) -> Position:
        """Return one strategy's position."""
        position = self.own.get(strategy_id)
        if position is None:
            position = self.own[strategy_id] = self._flat()
        return position

    def leg(self, side: int) -> Leg:
        """Return the long (1) or the short (-1) side."""
        leg = self.legs.get(side)
        if leg is None:
            leg = self.legs[side] = Leg(self._flat())
        return leg

    def leg_position(self, side: int, strategy_id: str) -> Position:
        """Return one strategy's position on one side."""
        own = self.leg(side).own
        position = own.get(strategy_id)
        if position is None:
            position = own[strategy_id] = self._flat()
        return position

    def _flat(self) -> Position:
        """Return a position in this instrument that holds nothing."""
        return Position(self.index, self.terms.value_factor, self.terms.inverse_scale)


def units_of(instrument: Instrument) -> tuple[object, ...]:
    """Return what positions and cash depend on and an instrument in use may not change."""
    return (
        instrument.id,
        instrument.price_precision,
        instrument.size_precision,
        instrument.multiplier,
        instrument.base,
        instrument.quote,
        instrument.currency,
        instrument.asset_class.value,
    )
