"""Rates between currencies, from the touch of the markets that the engine knows: exact fractions, each with its source.

Only what the account could trade at gives a rate: spot markets, connected, with both sides there; the middle of the
touch. One market, else two in a row through a third currency. A rate that is not known is None, never guessed: USD and
USDT are two currencies.
"""

from collections.abc import Sequence
from typing import NamedTuple

from core.instruments import Instrument
from core.market import Market, touch_of


class Rate(NamedTuple):
    """`amount * numerator // denominator` of the target for an amount of the source; `path` names the markets."""

    numerator: int
    denominator: int
    path: str
    priced_ns: int


ONE = Rate(1, 1, "", 0)


class _Step(NamedTuple):
    """A market that leads from one currency to another; `forward` where it sells the first for the second."""

    target: str
    market: int
    forward: bool


class Rates:
    """Which markets lead from a currency to another, and what they say now. Reads the engine's markets, keeps none."""

    __slots__ = ("_steps", "markets")

    def __init__(self, markets: Sequence[Market] = ()) -> None:
        """Know no pair yet; `markets` is the engine's own list, which grows."""
        self.markets = markets
        self._steps: dict[str, list[_Step]] = {}

    def define(self, index: int, instrument: Instrument) -> None:
        """Learn an instrument; only what exchanges the base itself has a rate."""
        if not instrument.holds_base or instrument.base == instrument.quote:
            return
        for source, step in (
            (instrument.base, _Step(instrument.quote, index, True)),
            (instrument.quote, _Step(instrument.base, index, False)),
        ):
            steps = self._steps.setdefault(source, [])
            if step not in steps:
                steps.append(step)

    def find(self, source: str, target: str) -> Rate | None:
        """Return the rate from `source` to `target` now: the first direct market, else the first pair of markets."""
        if source == target:
            return ONE
        steps = self._steps.get(source, [])
        for step in steps:
            if step.target == target and (rate := self._rate(step)):
                return rate
        for first in steps:
            for second in self._steps.get(first.target, ()):
                if second.target == target and (one := self._rate(first)) and (other := self._rate(second)):
                    return Rate(
                        one.numerator * other.numerator,
                        one.denominator * other.denominator,
                        f"{one.path} {other.path}",
                        min(one.priced_ns, other.priced_ns),
                    )
        return None

    def _rate(self, step: _Step) -> Rate | None:
        """Return what one market says, None where it has no two sides."""
        if step.market >= len(self.markets):
            return None
        market = self.markets[step.market]
        bid, _, ask, _, priced_ns = touch_of(market)
        if not market.connected or bid <= 0 or ask < bid:
            return None
        instrument = market.instrument
        middle, unit = (bid + ask) * instrument.multiplier, 2 * int(10**instrument.price_precision)
        if step.forward:
            return Rate(middle, unit, instrument.id, priced_ns)
        return Rate(unit, middle, "1/" + instrument.id, priced_ns)
