"""What a market did in the last minute: how much was traded, and how far its middle moves.

A sample a second, taken where everything is valued. Volatility is a statistic, so it is found in floats and kept in
millionths: the root mean square of the middle's relative moves from one sample to the next, for a minute.
"""

import math
from collections import deque
from itertools import pairwise

from core.market import Market
from risk.controls.window import MINUTE_NS

SAMPLES_LEAST = 20
PPM = 1_000_000
_SECONDS = 60


class Observed:
    """The samples of one market, of the last minute."""

    __slots__ = ("_samples", "volatility_ppm")

    def __init__(self) -> None:
        """Have seen nothing."""
        self._samples: deque[tuple[int, int, int]] = deque()  # time, volume since the session began, twice the middle
        self.volatility_ppm = 0
        """How far the middle moves in a minute, 0 where too little was seen to say."""

    def sample(self, now_ns: int, market: Market) -> None:
        """Look at a market; one without a price is no sample."""
        bid, ask, _ = market.touch()
        if not 0 < bid <= ask:
            return
        samples = self._samples
        samples.append((now_ns, market.volume, bid + ask))
        while now_ns - samples[0][0] > MINUTE_NS:
            samples.popleft()
        self.volatility_ppm = _volatility_ppm([twice for _, _, twice in samples])

    def volume(self, market: Market) -> int:
        """Return what was traded since the oldest sample of the last minute, in quantity units."""
        return market.volume - self._samples[0][1] if self._samples else 0

    def state(self) -> list[object]:
        """Return everything that a digest must cover."""
        return [self.volatility_ppm, *self._samples]


def _volatility_ppm(middles: list[int]) -> int:
    """Return the volatility of a minute from middles a second apart; rounded up, so that it is 0 for none alone."""
    moves = [after / before - 1 for before, after in pairwise(middles)]
    if len(moves) < SAMPLES_LEAST:
        return 0
    mean_square = math.fsum(move * move for move in moves) / len(moves)
    return math.ceil(math.sqrt(mean_square * _SECONDS) * PPM)
