"""A small seeded generator: the only randomness inside the core.

PCG32 (M. O'Neill, "PCG: A Family of Simple Fast Space-Efficient Statistically Good Algorithms for Random Number
Generation", 2014), XSH-RR output: 64 bits of state, so it fits a journal record and a digest.
"""

import math

_MULTIPLIER = 6364136223846793005
_MASK64 = (1 << 64) - 1
_MASK32 = (1 << 32) - 1


class Rng:
    """A seeded stream of numbers: the same seed and stream give the same numbers on every machine."""

    __slots__ = ("_increment", "_state")

    def __init__(self, seed: int, stream: int = 0) -> None:
        """Start at `seed`; different `stream` numbers give independent sequences of the same seed."""
        self._increment = ((stream << 1) | 1) & _MASK64
        self._state = 0
        self.next_u32()
        self._state = (self._state + seed) & _MASK64
        self.next_u32()

    def next_u32(self) -> int:
        """Return the next 32 random bits."""
        old = self._state
        self._state = (old * _MULTIPLIER + self._increment) & _MASK64
        shifted = (((old >> 18) ^ old) >> 27) & _MASK32
        turn = old >> 59
        return ((shifted >> turn) | (shifted << (-turn & 31))) & _MASK32

    def below(self, bound: int) -> int:
        """Return an integer in [0, bound), each equally likely; bound at most 2^32."""
        threshold = (1 << 32) % bound
        while True:
            number = self.next_u32()
            if number >= threshold:
                return number % bound

    def uniform(self) -> float:
        """Return a float in [0, 1) with 32 bits of resolution."""
        return self.next_u32() / 4294967296.0

    def normal(self) -> float:
        """Return an approximately standard normal float: the sum of twelve uniforms less six.

        No logarithm or cosine, whose last bit differs between C libraries.
        """
        return math.fsum(self.uniform() for _ in range(12)) - 6.0

    def state(self) -> tuple[int, int]:
        """Return what `restore` needs, and what a digest covers."""
        return self._state, self._increment

    def restore(self, state: tuple[int, int]) -> None:
        """Continue from a saved state."""
        self._state, self._increment = state
