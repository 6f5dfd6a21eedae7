"""What a parent order came to, in whole numbers: prices in the instrument's units, doubled where they are middles."""

from collections.abc import Sequence

from core.effects import ParentProgress
from core.orders import Side

PPM = 1_000_000


class Measure:
    """Sums over one parent order's life: its fills, and the market's trades beside them."""

    __slots__ = ("arrival_twice", "filled", "market_notional", "market_volume", "mid_notional_twice", "notional")

    def __init__(self, arrival_twice: int) -> None:
        """Begin at the middle of bid and ask, doubled, when the parent arrived."""
        self.arrival_twice = arrival_twice
        self.filled = self.notional = self.mid_notional_twice = 0
        self.market_volume = self.market_notional = 0

    def fill(self, quantity: int, price: int, mid_twice: int) -> None:
        """Count an execution of ours; of a negative quantity, one that was taken back."""
        self.add(quantity, quantity * price, mid_twice)

    def add(self, quantity: int, notional: int, mid_twice: int) -> None:
        """Count executions by what they are worth together."""
        self.filled += quantity
        self.notional += notional
        self.mid_notional_twice += quantity * mid_twice

    def trade(self, quantity: int, price: int) -> None:
        """Count a trade of the market."""
        self.market_volume += quantity
        self.market_notional += quantity * price

    def against_arrival(self, side: int) -> int:
        """Return what was paid beyond the middle at arrival, 10^-6; negative: saved."""
        return _ppm(side * (2 * self.notional - self.filled * self.arrival_twice), self.filled * self.arrival_twice)

    def against_vwap(self, side: int) -> int:
        """Return what was paid beyond the market's volume-weighted average price since arrival, 10^-6."""
        ours, theirs = self.notional * self.market_volume, self.filled * self.market_notional
        return _ppm(side * (ours - theirs), theirs)

    def against_mid(self, side: int) -> int:
        """Return what was paid beyond the middles at the times of the fills, 10^-6."""
        return _ppm(side * (2 * self.notional - self.mid_notional_twice), self.mid_notional_twice)

    def participation(self) -> int:
        """Return our share of the market's volume since arrival, 10^-6; 0 without any."""
        return _ppm(self.filled, self.market_volume)

    def progress(
        self, *, parent: str, strategy_id: str, algorithm: str, instrument: int, side: Side, state: str, quantity: int,
        children: int, started_ns: int, reason: str,
    ) -> ParentProgress:  # fmt: skip
        """Return all of it as the effect that tells it."""
        sign = int(side)
        return ParentProgress(
            parent=parent,
            strategy_id=strategy_id,
            algorithm=algorithm,
            instrument=instrument,
            side=side,
            state=state,
            quantity=quantity,
            filled=self.filled,
            children=children,
            started_ns=started_ns,
            arrival_twice=self.arrival_twice,
            notional=str(self.notional),
            market_volume=str(self.market_volume),
            market_notional=str(self.market_notional),
            arrival_slippage_ppm=self.against_arrival(sign),
            vwap_slippage_ppm=self.against_vwap(sign),
            mid_slippage_ppm=self.against_mid(sign),
            participation_ppm=self.participation(),
            reason=reason,
        )

    def state(self) -> list[int]:
        """Return the sums, for a digest."""
        return [getattr(self, name) for name in self.__slots__]

    def restore(self, sums: Sequence[int]) -> None:
        """Take what `state` returned."""
        for name, value in zip(self.__slots__, sums, strict=True):
            setattr(self, name, value)


def _ppm(part: int, whole: int) -> int:
    """Return part of whole in 10^-6, rounded down; 0 of nothing."""
    return part * PPM // whole if whole > 0 else 0
