"""The size of a position: what each rule of a strategy allows, the smallest of it, times two factors, in whole lots."""

from collections.abc import Iterator, Sequence

from core.clock import EventClock
from core.market import Market, mark_price_of
from core.orders import Side
from core.sizes import Sized
from oms.manager import OrderManager
from risk.controls.worth import Worth, worth_of
from risk.sizing import atr, equity, kelly, parity, volatility
from risk.sizing.atr import by_risk
from risk.sizing.bound import LARGEST, Bound, unproven
from risk.sizing.equity import by_equity, known_equity
from risk.sizing.figures import Figures
from risk.sizing.kelly import by_kelly
from risk.sizing.liquidity import by_depth, by_volume
from risk.sizing.parity import by_parity
from risk.sizing.scales import WHOLE_PPM, Scales
from risk.sizing.settings import SizingSettings, StrategySizing, billionths, units
from risk.sizing.volatility import by_volatility

MINIMUM = "minimum"
FIRST = "first"  # of `parity_over`
UNDEFINED = -1  # an instrument that no market is of yet: nothing is known of it
_VALUED = {
    "equity_share": equity.RULE,
    "volatility_target": volatility.RULE,
    "risk_per_trade": atr.RULE,
    "kelly": kelly.RULE,
    "parity": parity.RULE,
}
"""The rules that need the equity and the value of a unit, by the name of their setting."""


class Sizer:
    """Answers how large a position may be, for the strategies that have rules."""

    __slots__ = ("_clock", "_instruments", "_manager", "_markets", "figures", "last", "rules", "scales", "settings")

    def __init__(
        self, settings: SizingSettings, manager: OrderManager, markets: Sequence[Market], clock: EventClock
    ) -> None:
        """Know no strategy yet, and measure nothing."""
        self.settings = settings
        self.figures = Figures(settings, manager, markets)
        self.rules: dict[str, StrategySizing] = {}
        self.scales = Scales()
        self.last: dict[tuple[str, int], tuple[int, Sized]] = {}
        """The newest answer for each strategy and instrument, and when: for people, nothing follows from it."""
        self._instruments: dict[str, tuple[str, ...]] = {}
        self._manager = manager
        self._markets = markets
        self._clock = clock

    def add(self, strategy_id: str, rules: StrategySizing, *instruments: str) -> None:
        """Size for one more strategy, or by other rules; `instruments` names those that it trades."""
        self.rules[strategy_id] = rules
        self._instruments[strategy_id] = instruments

    @property
    def wants_ranges(self) -> bool:
        """Whether a rule needs the average true range."""
        return any(each.risk_per_trade is not None for each in self.rules.values())

    def size(self, strategy_id: str, market: Market, side: Side, stop_distance: int = 0) -> Sized | None:
        """Return how large a position may be that is opened from flat; None for a strategy without rules.

        `stop_distance`: how far from its entry the strategy will stop, in price units; 0: it says nothing of it.
        """
        rules = self.rules.get(strategy_id)
        if rules is None:
            return None
        bounds = list(self._bounds(strategy_id, rules, market, side, stop_distance))
        least = min(bounds, key=lambda bound: bound.quantity)  # of equals the first
        scale_ppm = self.scales.of(strategy_id, market.instrument)
        regime, regime_ppm = self.figures.regime(market.index)
        quantity = least.quantity * scale_ppm * regime_ppm // (WHOLE_PPM * WHOLE_PPM)
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
            regime=regime,
            regime_ppm=regime_ppm,
            figures=figures,
        )
        self.last[strategy_id, market.index] = (self._clock.now_ns, sized)
        return sized

    def state(self) -> list[object]:
        """Return everything that a digest must cover; nothing where no strategy has rules and nothing is scaled."""
        known = self.rules or self.figures.measured or self.scales.held
        return [*self.figures.state(), self.scales.state()] if known else []

    def _bounds(
        self, strategy_id: str, rules: StrategySizing, market: Market, side: Side, stop_distance: int
    ) -> Iterator[Bound]:
        """Yield what each rule allows."""
        precision = market.instrument.size_precision
        if rules.largest is not None:
            yield Bound("largest", min(units(rules.largest, precision), LARGEST), {})
        if rules.depth_share is not None:
            yield by_depth(market, side, billionths(rules.depth_share), billionths(rules.depth_within))
        if rules.volume_share is not None:
            yield by_volume(market, self.figures.volume(self._clock.now_ns, market), billionths(rules.volume_share))
        names = [rule for setting, rule in _VALUED.items() if getattr(rules, setting) is not None]
        if not names:
            return
        least, base = units(rules.unproven, precision), self.settings.base_currency
        worth, total = worth_of(market.index, self._manager, base), known_equity(base, self._manager)
        if worth is None or total is None or worth.numerator <= 0:
            for name in names:
                yield unproven(name, least, f"values in {base} of the instrument, of debts and contracts")
            return
        if rules.equity_share is not None:
            yield by_equity(total, billionths(rules.equity_share), worth)
        if rules.volatility_target is not None:
            yield self._volatility(rules.volatility_target, total, worth, market, least)
        if rules.risk_per_trade is not None:
            yield self._risk(rules, rules.risk_per_trade, total, worth, market, stop_distance, least)
        if rules.kelly is not None:
            yield self._kelly(strategy_id, rules, rules.kelly, total, worth, market, least)
        if rules.parity is not None:
            yield self._parity(strategy_id, total, worth, market, least)

    def _volatility(self, target: float, total: int, worth: Worth, market: Market, least: int) -> Bound:
        """Return what the volatility target allows."""
        yearly = self.figures.yearly(market.index)
        if yearly is None:
            seen = len(self.figures.returns(market.index))
            return unproven(volatility.RULE, least, f"{self.settings.least} returns, {seen} seen")
        return by_volatility(total, target, yearly, worth, least)

    def _risk(
        self, rules: StrategySizing, risk: float, total: int, worth: Worth, market: Market, distance: int, least: int
    ) -> Bound:
        """Return what may be lost at a stop allows."""
        average = self.figures.atr(market.index)
        if not distance and average is None:
            return unproven(atr.RULE, least, f"{self.settings.atr_period} bars of {self.settings.atr_bar_s} s")
        reach = distance or (average or 0.0) * rules.atr_multiple
        return by_risk(total, risk, reach, mark_price_of(market), worth)

    def _kelly(
        self, strategy_id: str, rules: StrategySizing, fraction: float, total: int, worth: Worth, market: Market,
        least: int,
    ) -> Bound:  # fmt: skip
        """Return what a fraction of Kelly allows."""
        returns = self.figures.trade_returns(strategy_id, market.instrument, market.index)
        if returns is None:
            return unproven(kelly.RULE, least, "trades counted since a session's start, and no position beside them")
        if len(returns) < rules.kelly_least:
            return unproven(kelly.RULE, least, f"{rules.kelly_least} closed trades, {len(returns)} seen")
        return by_kelly(total, returns, fraction, rules.kelly_method, rules.kelly_errors, worth, least)

    def _parity(self, strategy_id: str, total: int, worth: Worth, market: Market, least: int) -> Bound:
        """Return what a strategy's share of the risk allows."""
        members: dict[tuple[str, int], tuple[int, float]] = {}
        for name, rules in self.rules.items():
            if rules.parity is not None:
                indexes = self._taking_part(name, rules, market.index, is_asked=name == strategy_id)
                members |= {(name, index): (index, rules.parity / len(indexes)) for index in indexes}
        shares = self.figures.shares(members)
        if shares is None:
            return unproven(parity.RULE, least, "the volatility of every instrument that takes part")
        return by_parity(total, self.settings.parity_leverage, shares[strategy_id, market.index], worth)

    def _taking_part(self, strategy_id: str, rules: StrategySizing, here: int, *, is_asked: bool) -> list[int]:
        """Return the instruments over which a strategy spreads its part; `is_asked`: it sizes a position `here`."""
        by_name, names = {each.instrument.id: each.index for each in self._markets}, self._instruments[strategy_id]
        if rules.parity_over == FIRST:
            return [here if is_asked or not names else by_name.get(names[0], here)]
        indexes = [by_name.get(name, UNDEFINED) for name in names]
        return list(dict.fromkeys([*indexes, here] if is_asked or not names else indexes))


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
