"""One instrument as the order manager holds it: its terms, what its open orders reserve, its positions."""

from core.instruments import Instrument
from oms.moves import Exposure
from oms.positions import Position
from oms.terms import Terms


class Holding:
    """An instrument, its exposure, the account's net position and each strategy's own: live objects, kept for good."""

    __slots__ = ("exposure", "index", "instrument", "net", "own", "terms")

    def __init__(self, index: int, instrument: Instrument) -> None:
        """Hold nothing."""
        self.index = index
        self.instrument = instrument
        self.terms = Terms(instrument)
        self.exposure = Exposure()
        self.net = Position(index, self.terms.value_factor)
        self.own: dict[str, Position] = {}

    def redefine(self, instrument: Instrument) -> None:
        """Take new rules, and new units, which is for the caller to allow."""
        self.instrument = instrument
        self.terms = Terms(instrument)
        for position in (self.net, *self.own.values()):
            position.factor = self.terms.value_factor

    def position(self, strategy_id: str) -> Position:
        """Return one strategy's position."""
        position = self.own.get(strategy_id)
        if position is None:
            position = self.own[strategy_id] = Position(self.index, self.terms.value_factor)
        return position


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
