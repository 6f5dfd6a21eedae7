"""What anybody may ask of futures beyond prices and trades: mark prices and funding. No I/O.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api
"""

from collections.abc import Callable

from connectors.embedded import refusals as market_refusals
from connectors.embedded.answer import Answer
from connectors.embedded.exchange.usdm.pricing import DEFAULT_RATE
from connectors.embedded.exchange.usdm.requests import Parameters, integer
from connectors.embedded.exchange.usdm.state import Event, State, SymbolState
from connectors.embedded.exchange.usdm.texts import rate_text, units_text

_FUNDING_MOST = 1_000


class PublicApi:
    """Endpoints without a key, and the mark price stream's event."""

    def __init__(self, state: State) -> None:
        """Answer from the exchange's state."""
        self.state = state

    def endpoints(self, follow: Callable[[str], None]) -> dict[str, Callable[[Parameters], Answer]]:
        """Return these endpoints as the venue's REST half has them; `follow` brings a symbol up to date first."""

        def answering(
            handler: Callable[[Parameters], object], weight: int, without_symbol: int
        ) -> Callable[[Parameters], Answer]:
            def answer(parameters: Parameters) -> Answer:
                follow(parameters.get("symbol", ""))
                return Answer(handler(parameters), weight if parameters.get("symbol") else without_symbol)

            return answer

        return {
            "premiumIndex": answering(self.premium_index, 1, 10),
            "fundingRate": answering(self.funding_rate, 1, 1),
            "fundingInfo": answering(self.funding_info, 1, 1),
        }

    def premium_index(self, parameters: Parameters) -> object:
        """`GET premiumIndex`: of one symbol, or a list of all."""
        if parameters.get("symbol"):
            return self._index_row(self._symbol(parameters))
        return [self._index_row(one) for one in self.state.symbols.values()]

    def _index_row(self, one: SymbolState) -> Event:
        pricing = one.pricing
        return {
            "symbol": one.contract.symbol,
            "markPrice": units_text(pricing.mark),
            "indexPrice": units_text(pricing.index),
            "estimatedSettlePrice": units_text(pricing.index),
            "lastFundingRate": rate_text(pricing.rate),  # the venue's name for the rate of the funding to come
            "interestRate": rate_text(DEFAULT_RATE),
            "nextFundingTime": pricing.next_funding_ms,
            "time": self.state.now_ms(),
        }

    def mark_event(self, symbol: str) -> Event:
        """Return the `markPriceUpdate` of a symbol."""
        pricing = self.state.symbols[symbol].pricing
        return {
            "e": "markPriceUpdate",
            "E": self.state.now_ms(),
            "s": symbol,
            "p": units_text(pricing.mark),
            "ap": units_text(pricing.mark),
            "i": units_text(pricing.index),
            "P": units_text(pricing.index),
            "r": rate_text(pricing.rate),
            "T": pricing.next_funding_ms,
        }

    def funding_rate(self, parameters: Parameters) -> list[Event]:
        """`GET fundingRate`: what was exchanged, oldest first."""
        chosen = [self._symbol(parameters)] if parameters.get("symbol") else list(self.state.symbols.values())
        begin, end = integer(parameters, "startTime", 0), integer(parameters, "endTime", 2**62)
        limit = min(integer(parameters, "limit", 100), _FUNDING_MOST)
        found = [(row, at) for one in chosen for row in one.funding if begin <= (at := _time_of(row)) <= end]
        found.sort(key=lambda pair: pair[1])
        rows = [row for row, _ in found]
        return rows[:limit] if parameters.get("startTime") else rows[-limit:]

    def funding_info(self, _: Parameters) -> list[Event]:
        """`GET fundingInfo`: how often each symbol exchanges funding."""
        return [
            {
                "symbol": symbol,
                "adjustedFundingRateCap": "0.02000000",
                "adjustedFundingRateFloor": "-0.02000000",
                "fundingIntervalHours": max(1, one.pricing.interval_ms // 3_600_000),
                "disclaimer": False,
            }
            for symbol, one in self.state.symbols.items()
        ]

    def _symbol(self, parameters: Parameters) -> SymbolState:
        one = self.state.symbols.get(parameters.get("symbol", ""))
        if one is None:
            raise market_refusals.invalid_symbol()
        return one


def _time_of(row: Event) -> int:
    time_ms = row["fundingTime"]
    return time_ms if isinstance(time_ms, int) else 0
