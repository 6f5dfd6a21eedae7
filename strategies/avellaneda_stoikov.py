"""Avellaneda-Stoikov market maker: a bid and an ask whose distances weigh risk against the chance of being filled.

The idea: a maker earns the spread and carries the inventory. Orders at a distance `d` from the mid are filled at a rate
`arrival_rate * exp(-kappa * d)`; the price moves with volatility `sigma`; `gamma` is the aversion to the inventory's
risk. Source: M. Avellaneda, S. Stoikov, "High-frequency trading in a limit order book" (2008), in the form without a
closing time by O. Gueant, C.-A. Lehalle, J. Fernandez-Tapia, "Dealing with the inventory risk" (2013), their asymptotic
quotes: with q the inventory in orders,

    bid distance = ln(1 + gamma / kappa) / gamma + (q + 1/2) * lean
    ask distance = ln(1 + gamma / kappa) / gamma - (q - 1/2) * lean
    lean         = sigma * sqrt(gamma / (2 * kappa * arrival_rate) * (1 + gamma / kappa) ^ (1 + kappa / gamma))

so the middle of both, the reservation price, lies `q * lean` below the mid. All distances are in basis points of the
mid, so the same figures fit any price. `kappa` and `arrival_rate` are given: fit them to the trades of the market,
whose distances from the mid are exponential with rate `kappa` and which number `arrival_rate` a second on each side.

It loses money where those who trade with it know more (prices run on after its fills, which no term here knows of),
where the queue before its orders lets only the bad fills through, and where maker fees exceed the distances.
"""

import math

from core.market import Quote
from core.orders import Side
from strategies.base import Saved, StrategyParams
from strategies.indicators import ema, ema_update, numbers_of, restore
from strategies.resting import RestingStrategy

BASIS_POINTS = 10_000
MILLISECOND_NS = 1_000_000
SECOND_NS = 1_000_000_000
BID, ASK = 0, 1  # places


def distances(gamma: float, kappa: float, arrival_rate: float) -> tuple[float, float]:
    """Return the distance of both quotes in basis points, and the lean in basis points per unit of sigma."""
    ratio = 1.0 + gamma / kappa
    squared = gamma / (2.0 * kappa * arrival_rate) * ratio ** (1.0 + kappa / gamma)
    return math.log(ratio) / gamma, math.sqrt(squared)


class AvellanedaStoikov(RestingStrategy):
    """Keeps one post-only bid and ask at the distances of Gueant, Lehalle and Fernandez-Tapia.

    Sigma is the root of an exponential average of squared returns of the mid, sampled every `sample_ms`. No order
    before `volatility_samples` of them. A quote moves when it is `requote_bps` from where it should be. A side is
    withheld where its order could bring the inventory beyond `max_inventory`.
    """

    class Params(StrategyParams, frozen=True):
        """`gamma` in 1/bp, `kappa` in 1/bp, `arrival_rate` in 1/s, `volatility_samples` the span of the average.

        Quantities as decimal text; `pause_ms` is the pause after a refusal or a rejection.
        """

        quantity: str = "0.01"
        max_inventory: str = "0.05"
        gamma: float = 0.1
        kappa: float = 1.0
        arrival_rate: float = 1.0
        volatility_samples: int = 60
        sample_ms: int = 1000
        requote_bps: float = 0.2
        pause_ms: int = 250

        def __post_init__(self) -> None:
            """Refuse what makes no sense. Raises ValueError."""
            if self.gamma <= 0 or self.kappa <= 0 or self.arrival_rate <= 0:
                raise ValueError("gamma, kappa and arrival_rate must be above 0")
            if self.requote_bps < 0 or self.sample_ms < 1 or self.pause_ms < 1:
                raise ValueError("sample_ms and pause_ms must be above 0, requote_bps at least 0")

    params: Params

    def on_start(self) -> None:
        """Follow the quotes of the first configured instrument."""
        params, market = self.params, self.markets[0]
        self.keep_places(market, 2, params.pause_ms)
        self._tick = market.instrument.tick
        self._quantity = market.instrument.quantity(params.quantity)
        self._max_inventory = market.instrument.quantity(params.max_inventory)
        self._distance, self._lean_of_sigma = distances(params.gamma, params.kappa, params.arrival_rate)
        self._variance = ema(params.volatility_samples)  # of returns in bp, a second
        self._sample_ns = params.sample_ms * MILLISECOND_NS
        self._sampled_ns = self._sampled = 0
        self._lean = 0.0
        self._twice_mid = 0
        self.subscribe_quotes(market)

    def on_quote(self, quote: Quote) -> None:
        """Sample the volatility when it is time; look at the own quotes when the mid or anything else has moved."""
        if not quote.bid_price or not quote.ask_price:
            return
        twice_mid = quote.bid_price + quote.ask_price
        if self.now_ns - self._sampled_ns >= self._sample_ns:
            self._sample(twice_mid)
        if self.paused or not self._variance.ready or (twice_mid == self._twice_mid and not self.stale):
            return
        self._twice_mid = twice_mid
        self.stale = False
        mid = twice_mid / 2
        position = self.position(self._market)
        inventory = position / self._quantity
        away = mid * (self._distance + (inventory + 0.5) * self._lean) / BASIS_POINTS
        price = int((mid - away) // self._tick) * self._tick
        self._tend(BID, Side.BUY, min(price, quote.ask_price - self._tick), mid, position)
        away = mid * (self._distance - (inventory - 0.5) * self._lean) / BASIS_POINTS
        price = -int((-mid - away) // self._tick) * self._tick
        self._tend(ASK, Side.SELL, max(price, quote.bid_price + self._tick), mid, position)

    def save(self) -> Saved:
        """Return the volatility, the last mid and both orders."""
        return super().save() | {
            "sample": [self._sampled_ns, self._sampled],
            "lean": self._lean,
            "twice_mid": self._twice_mid,
            "variance": numbers_of(self._variance),
        }

    def load(self, saved: Saved) -> None:
        """Take back the volatility, the last mid and both orders."""
        super().load(saved)
        sample, variance = saved["sample"], saved["variance"]
        assert isinstance(sample, list)
        assert isinstance(variance, list)
        self._sampled_ns, self._sampled = map(int, sample)
        self._lean, self._twice_mid = float(str(saved["lean"])), int(str(saved["twice_mid"]))
        restore(self._variance, list(map(float, variance)))

    def _sample(self, twice_mid: int) -> None:
        """Take one return into the volatility."""
        now_ns = self.now_ns
        if self._sampled:
            change = (twice_mid - self._sampled) / self._sampled * BASIS_POINTS
            ema_update(self._variance, change * change * SECOND_NS / (now_ns - self._sampled_ns))
            self._lean = self._lean_of_sigma * math.sqrt(self._variance.value)
            self.stale = True
        self._sampled_ns, self._sampled = now_ns, twice_mid

    def _tend(self, place: int, side: Side, price: int, mid: float, position: int) -> None:
        """Place the order of one side, or withdraw it where it is too far from where it should be."""
        if not self._orders[place]:
            if price > 0 and side * position + self._quantity <= self._max_inventory:
                self.put(place, side, self._quantity, price)
        elif abs(price - self._prices[place]) * BASIS_POINTS > self.params.requote_bps * mid:
            self.pull(place)
