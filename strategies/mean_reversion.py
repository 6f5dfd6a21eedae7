"""Mean reversion: buy what is far below its recent mean, sell what is far above, and wait for it to come back.

The idea: without news a price swings around its mean, and the distance in standard deviations (the z-score, which is
where the price stands within its Bollinger bands) says how far it has swung. Source: J. Bollinger, "Bollinger on
Bollinger Bands" (2001); E. Chan, "Algorithmic Trading" (2013), chapters 2 and 3. It loses money when the swing is the
start of a trend: there is no stop but the longest holding time, and the mean follows the price, so that an exit at the
mean may well be a loss. Taker fees and the spread on both ways must be less than the swings that it trades.
"""

from core.market import Quote
from strategies.base import Saved, StrategyParams
from strategies.indicators import numbers_of, restore, z_score, z_score_update
from strategies.pursuit import PursuitStrategy

MILLISECOND_NS = 1_000_000
SECOND_NS = 1_000_000_000


class MeanReversion(PursuitStrategy):
    """Trades the z-score of the mid with market orders: in beyond `entry`, out within `exit` or after `max_holding_s`.

    No order before `period` samples. After the longest holding time it waits until the z-score was inside `entry`.
    """

    class Params(StrategyParams, frozen=True):
        """`period` in samples, taken `sample_ms` apart (0: at every quote); `entry`, `exit` in standard deviations.

        `quantity` is decimal text, `max_holding_s` in seconds, `pause_ms` the pause after a refusal.
        """

        period: int = 100
        sample_ms: int = 1000
        entry: float = 2.0
        exit: float = 0.5
        max_holding_s: int = 300
        quantity: str = "0.01"
        allow_short: bool = False
        pause_ms: int = 1000

        def __post_init__(self) -> None:
            """Refuse what makes no sense. Raises ValueError."""
            if self.exit >= self.entry:
                raise ValueError(f"exit must be below entry, found exit {self.exit}, entry {self.entry}")
            if self.entry <= 0 or self.max_holding_s < 1 or self.pause_ms < 1 or self.sample_ms < 0:
                raise ValueError("entry, max_holding_s and pause_ms must be above 0, sample_ms at least 0")

    params: Params

    def on_start(self) -> None:
        """Follow the quotes of the first configured instrument."""
        params, market = self.params, self.markets[0]
        self.begin(market, params.pause_ms)
        quantity = market.instrument.quantity(params.quantity)
        self._long, self._short = quantity, -quantity if params.allow_short else 0
        self._sample_ns = params.sample_ms * MILLISECOND_NS
        self._hold_ns = params.max_holding_s * SECOND_NS
        self._score = z_score(params.period)
        self._next_ns = self._entered_ns = 0
        self._armed = True
        self.subscribe_quotes(market)

    def on_quote(self, quote: Quote) -> None:
        """Sample the mid when it is time; leave what was held too long."""
        if not quote.bid_price or not quote.ask_price:
            return
        now_ns = self.now_ns
        if self.target and now_ns - self._entered_ns >= self._hold_ns:
            self.target = 0
            self._armed = False
        if now_ns >= self._next_ns:
            self._next_ns = now_ns + self._sample_ns
            z_score_update(self._score, float(quote.bid_price + quote.ask_price))
            if self._score.ready:
                self._decide(self._score.value)
        self.pursue()

    def save(self) -> Saved:
        """Return the times, the window, and whether an entry is allowed."""
        return super().save() | {
            "times": [self._next_ns, self._entered_ns],
            "armed": self._armed,
            "score": numbers_of(self._score),
        }

    def load(self, saved: Saved) -> None:
        """Take back the times, the window, and whether an entry is allowed."""
        super().load(saved)
        times, score = saved["times"], saved["score"]
        assert isinstance(times, list)
        assert isinstance(score, list)
        self._next_ns, self._entered_ns = map(int, times)
        self._armed = bool(saved["armed"])
        restore(self._score, list(map(float, score)))

    def _decide(self, z: float) -> None:
        """Set the target by a z-score."""
        entry, leave = self.params.entry, self.params.exit
        if self.target > 0:
            if z >= -leave:
                self.target = 0
        elif self.target < 0:
            if z <= leave:
                self.target = 0
        elif not self._armed:
            self._armed = abs(z) < entry
        elif z <= -entry:
            self.target, self._entered_ns = self._long, self.now_ns
        elif z >= entry and self._short:
            self.target, self._entered_ns = self._short, self.now_ns
