"""What is held and what it is worth, read from the engine between two events: floats of the base currency.

Spot is what the balances hold, contracts are positions; each moves with a factor, the market that prices it. Prices are
taken only of markets whose feed is up, not stale, and has two sides: what cannot be trusted makes no bar.
"""

from collections.abc import Sequence

from config.portfolio_settings import PortfolioSettings
from core.instruments import AssetClass, Instrument, OptionKind
from core.market import Market, mark_price_of
from core.money import MONEY_UNIT
from engine.engine import Engine
from oms.rates import Rates
from risk.portfolio.messages import Held, OptionHeld, Snapshot

YEAR_NS = 365 * 86_400 * 1_000_000_000
CLASSES = {
    AssetClass.CRYPTO_SPOT: "crypto",
    AssetClass.PERPETUAL: "crypto",
    AssetClass.EQUITY: "equity",
    AssetClass.ETF: "equity",
    AssetClass.FX: "fx",
}
"""What stress tables call each kind; futures and options may be of anything, so `asset_classes` must tell of theirs."""


def base_of(settings: PortfolioSettings, accounting_base: str, markets: Sequence[Market]) -> str:
    """Return the currency to count in, "" where nothing says which."""
    chosen = settings.base_currency or accounting_base
    currencies = sorted({market.instrument.currency for market in markets})
    return chosen or (currencies[0] if len(currencies) == 1 else "")


def snapshot_of(engine: Engine, settings: PortfolioSettings, base: str, now_ns: int) -> Snapshot:
    """Return what the engine holds and what it is priced at. Some 10 us a market: to be called a few times a minute."""
    taking = _Taking(engine, settings, base, now_ns)
    taking.take_prices()
    taking.take_balances()
    taking.take_contracts()
    return Snapshot(
        time_ns=now_ns,
        base_currency=base,
        holdings=tuple(taking.holdings),
        prices=taking.prices,
        unpriced=tuple(sorted(taking.unpriced)),
    )


class _Taking:
    """One snapshot being taken."""

    def __init__(self, engine: Engine, settings: PortfolioSettings, base: str, now_ns: int) -> None:
        self.holdings: list[Held] = []
        self.prices: dict[str, float] = {}
        self.unpriced: list[str] = []
        self._engine = engine
        self._settings = settings
        self._base = base
        self._now_ns = now_ns
        self._rates: Rates = engine.manager.books.rates

    def take_prices(self) -> None:
        """Take the price of one of each instrument, in the base currency where a rate is known, else in its own."""
        for market in self._engine.markets:
            bid, ask, _ = market.touch()
            if not market.connected or market.stale or not 0 < bid <= ask:
                continue
            rate = self._rate(market.instrument.quote)
            if rate is not None:
                self.prices[market.instrument.id] = (bid + ask) / 2 / 10**market.instrument.price_precision * rate

    def take_balances(self) -> None:
        """Take every currency that is held, less what is owed of it; the base currency itself is no risk."""
        manager = self._engine.manager
        amounts = manager.balances()
        for currency, owed in manager.books.ledger.books.liabilities().items():
            amounts[currency] = amounts.get(currency, 0) - owed
        for currency, amount in sorted(amounts.items()):
            if not amount or currency == self._base:
                continue
            rate = self._rate(currency)
            if rate is None:
                self.unpriced.append(currency)
                continue
            factor = self._factor(currency)
            if factor == currency:
                self.prices[currency] = rate
            self._hold(currency, factor, amount / MONEY_UNIT * rate, currency, AssetClass.CRYPTO_SPOT)

    def take_contracts(self) -> None:
        """Take the position of every instrument whose trades exchange no base asset."""
        manager = self._engine.manager
        for market in self._engine.markets:
            instrument = market.instrument
            if instrument.holds_base:
                continue
            quantity = manager.position(market.index).quantity
            if not quantity:
                continue
            mark, rate = mark_price_of(market), self._rate(instrument.quote)
            if mark <= 0 or rate is None:
                self.unpriced.append(instrument.id)
            elif instrument.option_kind is not None:
                self._take_option(market, quantity, mark / 10**instrument.price_precision, rate)
            else:
                units = quantity / 10**instrument.size_precision * instrument.multiplier
                # An inverse contract is worth its face in the quote currency, whatever the price.
                worth = units if instrument.inverse else units * mark / 10**instrument.price_precision
                self._hold(instrument.id, instrument.id, worth * rate, instrument.base, instrument.asset_class)

    def _take_option(self, market: Market, quantity: int, mark: float, rate: float) -> None:
        """Take an option with what its Greeks need; without its underlying's market it has no price."""
        instrument = market.instrument
        under = next((each for each in self._engine.markets if _names(each.instrument, instrument)), None)
        spot = 0 if under is None else mark_price_of(under)
        if under is None or spot <= 0:
            self.unpriced.append(instrument.id)
            return
        option = OptionHeld(
            call=instrument.option_kind is OptionKind.CALL,
            strike=instrument.strike / 10**instrument.price_precision,
            years=max(0, instrument.expiry_ns - self._now_ns) / YEAR_NS,
            units=quantity / 10**instrument.size_precision * instrument.multiplier,
            mark=mark,
            spot=spot / 10**under.instrument.price_precision,
            futures=not under.instrument.holds_base,
            to_base=rate,
        )
        self._hold(instrument.id, under.instrument.id, 0.0, instrument.base, under.instrument.asset_class, option)

    def _hold(
        self,
        name: str,
        factor: str,
        value: float,
        symbol: str,
        asset_class: AssetClass,
        option: OptionHeld | None = None,
    ) -> None:
        self.holdings.append(
            Held(
                name=name,
                factor=factor,
                value=value,
                symbol=symbol,
                sector=self._settings.sectors.get(symbol, ""),
                asset_class=self._settings.asset_classes.get(symbol, CLASSES.get(asset_class, "")),
                option=option,
            )
        )

    def _factor(self, currency: str) -> str:
        """Return the market by which a currency is priced in the base currency, or the currency where it takes two."""
        for market in self._engine.markets:
            instrument = market.instrument
            if instrument.holds_base and instrument.base == currency and instrument.quote == self._base:
                return instrument.id
        return currency

    def _rate(self, currency: str) -> float | None:
        """Return what one of a currency is worth in the base currency now."""
        found = self._rates.find(currency, self._base)
        return None if found is None else found.numerator / found.denominator


def _names(candidate: Instrument, option: Instrument) -> bool:
    """Whether an instrument is an option's underlying, by its full name or by its symbol at the same venue."""
    return option.underlying == candidate.id or (
        option.underlying == candidate.symbol and option.venue == candidate.venue
    )
