"""The size of a position: what each rule of a strategy allows, the smallest of it, times two factors, in whole lots."""

from collections.abc import Iterator, Sequence

from core.clock import EventClock
from core.market import Market
from core.orders import Side
from core.sizes import Sized
from oms.manager import OrderManager
from risk.controls.worth import Worth, worth_of
from risk.sizing import equity, volatility
from risk.sizing.bound import LARGEST, Bound, unproven
from risk.sizing.equity import by_equity, known_equity
from risk.sizing.liquidity import by_depth, by_volume
from risk.sizing.samples import Samples
from risk.sizing.scales import WHOLE_PPM, Scales
from risk.sizing.settings import SizingSettings, StrategySizing, billionths, units
from risk.sizing.volatility import by_volatility

MINIMUM = "minimum"


class Sizer:
    """Measures the markets of the strategies that have rules, and answers how large a position may be."""

    __slots__ = ("_clock", "_manager", "_markets", "_samples", "last", "rules", "scales", "settings")

    def __init__(
        self, settings: SizingSettings, manager: OrderManager, markets: Sequence[Market], clock: EventClock
    ) -> None:
        """Know no strategy yet, and measure nothing."""
        self.settings = settings
        self.rules: dict[str, StrategySizing] = {}
        self.scales = Scales()
        self.last: dict[tuple[str, int], tuple[int, Sized]] = {}
        """The newest answer for each strategy and instrument, and when: for people, nothing follows from it."""
        self._manager = manager
        self._markets = markets
        self._clock = clock
        self._samples: dict[int, Samples] = {}

    def add(self, strategy_id: str, rules: StrategySizing) -> None:
        """Size for one more strategy, or by other rules."""
        self.rules[strategy_id] = rules

    def sample(self, now_ns: int) -> None:
        """Look at every market once."""
        settings = self.settings
        most = max(settings.window, -(-settings.volume_s // settings.sample_s)) + 1
        for market in self._markets:
            samples = self._samples.get(market.index)
            if samples is None:
                samples = self._samples[market.index] = Samples(settings.sample_ns, most)
            samples.take(now_ns, market)

    def size(self, strategy_id: str, market: Market, side: Side) -> Sized | None:
        """Return how large a position may be that is opened from flat; None for a strategy without rules."""
        rules = self.rules.get(strategy_id)
        if rules is None:
            return None
        bounds = list(self._bounds(rules, market, side))
        least = min(bounds, key=lambda bound: bound.quantity)  # of equals the first
        scale_ppm = self.scales.of(strategy_id, market.instrument)
        quantity = least.quantity * scale_ppm // WHOLE_PPM
        quantity, is_enough = _venue_size(quantity, market)
        figures: dict[str, str] = {}
        for bound in bounds:
            figures |= bound.figures
        sized = Sized(
            strategy_id=strategy_id,
            instrument=market.index,
            side=side,
            quantity=quantity,
            bound_by=least.rule if is_enough or not least.quantity else MINIMUM,
            bounds={bound.rule: bound.quantity for bound in bounds},
            scale_ppm=scale_ppm,
            regime="",
            regime_ppm=WHOLE_PPM,
            figures=figures,
        )
        self.last[strategy_id, market.index] = (self._clock.now_ns, sized)
        return sized

    def state(self) -> list[object]:
        """Return everything that a digest must cover; nothing where no strategy has rules."""
        if not self.rules:
            return []
        return [[(index, each.state()) for index, each in sorted(self._samples.items())], self.scales.state()]

    def _bounds(self, rules: StrategySizing, market: Market, side: Side) -> Iterator[Bound]:
        """Yield what each rule allows."""
        precision = market.instrument.size_precision
        least = units(rules.unproven, precision)
        if rules.largest is not None:
            yield Bound("largest", min(units(rules.largest, precision), LARGEST), {})
        yield from self._liquidity(rules, market, side)
        names = [
            name
            for name, rule in ((volatility.RULE, rules.volatility_target), (equity.RULE, rules.equity_share))
            if rule is not None
        ]
        if not names:
            return
        base = self.settings.base_currency
        worth, total = worth_of(market.index, self._manager, base), known_equity(base, self._manager)
        if worth is None or total is None or worth.numerator <= 0:
            for name in names:
                yield unproven(name, least, f"values in {base} of the instrument, of debts and contracts")
            return
        if rules.equity_share is not None:
            yield by_equity(total, billionths(rules.equity_share), worth)
        if rules.volatility_target is not None:
            yield self._volatility(rules.volatility_target, total, worth, market, least)

    def _volatility(self, target: float, total: int, worth: Worth, market: Market, least: int) -> Bound:
        """Return what the volatility target allows."""
        settings = self.settings
        samples = self._samples.get(market.index)
        returns = [] if samples is None else samples.returns(settings.window)
        if len(returns) < settings.least:
            return unproven(volatility.RULE, least, f"{settings.least} returns, {len(returns)} seen")
        return by_volatility(total, target, volatility.volatility(returns, settings.samples_a_year), worth, least)

    def _liquidity(self, rules: StrategySizing, market: Market, side: Side) -> Iterator[Bound]:
        """Yield what the book and the trades of the last minutes allow."""
        if rules.depth_share is not None:
            yield by_depth(market, side, billionths(rules.depth_share), billionths(rules.depth_within))
        if rules.volume_share is not None:
            samples, span_ns = self._samples.get(market.index), self.settings.volume_s * 1_000_000_000
            traded = 0 if samples is None else samples.volume(self._clock.now_ns, span_ns, market)
            yield by_volume(market, traded, billionths(rules.volume_share))


def _venue_size(quantity: int, market: Market) -> tuple[int, bool]:
    """Return a quantity in whole lots, 0 where it is less than the venue takes; and whether anything is left."""
    instrument = market.instrument
    quantity -= quantity % instrument.lot
    bid, ask, _ = market.touch()
    worth = quantity * ((bid + ask) // 2) * instrument.notional_factor
    if quantity < max(instrument.min_quantity, instrument.lot):
        return 0, False
    if not instrument.inverse and worth < instrument.min_notional:
        return 0, False
    return quantity, True
