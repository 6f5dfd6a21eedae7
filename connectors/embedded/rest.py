"""The REST endpoints of market data for one market: parameters in, documented JSON out. No I/O.

Weights are counted and shown in the documented headers; no client is refused for them unless a fault says so.
Sources: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints and
https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from connectors.embedded import refusals
from connectors.embedded.answer import Answer
from connectors.embedded.exchange.limits import Limit
from connectors.embedded.exchange.spot.rules import SpotRules, rules_of
from connectors.embedded.exchange_info import spot_exchange_info, usdm_exchange_info
from connectors.embedded.market import Listing, Market, fixed_text
from connectors.embedded.tape import INTERVALS_MS, Candle, Print, cut, signed
from connectors.embedded.view import MarketView
from connectors.embedded.wire import UNITS_PER_ONE
from core.codec import UNREADABLE

Parameters = Mapping[str, str]

_SYMBOL = "^[A-Z0-9-_.]{1,20}$"
_NUMBER = "^[0-9]{1,20}$"
_AVERAGE_MINUTES = 5
_USDM_DEPTH_LIMITS = (5, 10, 20, 50, 100, 500, 1000)


class RestMarket:
    """One market's endpoints by name: `ping`, `depth`, `ticker/bookTicker`."""

    def __init__(
        self,
        market: Market,
        views: Mapping[str, MarketView],
        now_ms: Callable[[], int],
        limits: Sequence[Limit] = (),
        rules: Callable[[Listing], SpotRules] = rules_of,
    ) -> None:
        """Answer for the symbols in `views`; exchangeInfo tells these limits, spot's these rules."""
        self.market = market
        self._limits = limits
        self._rules = rules
        self._views = views
        self._now_ms = now_ms
        self._spot = market is Market.SPOT
        self.endpoints: dict[str, Callable[[Parameters], Answer]] = {
            "ping": lambda _: Answer({}, 1),
            "time": lambda _: Answer({"serverTime": now_ms()}, 1),
            "exchangeInfo": self._exchange_info,
            "depth": self._depth,
            "trades": self._trades,
            "aggTrades": self._aggregate_trades,
            "klines": self._klines,
            "ticker/bookTicker": self._book_ticker,
            "ticker/price": self._price,
            "ticker/24hr": self._day,
        }
        if self._spot:
            self.endpoints["avgPrice"] = self._average_price

    def _exchange_info(self, parameters: Parameters) -> Answer:
        if not self._spot:
            # USDⓈ-M documents no parameters: always every symbol.
            listings = [view.listing for view in self._views.values()]
            return Answer(usdm_exchange_info(listings, self._now_ms(), self._limits), 1)
        listings = [view.listing for view in self._select(parameters)]
        return Answer(spot_exchange_info(listings, self._now_ms(), self._limits, self._rules), 20)

    def _depth(self, parameters: Parameters) -> Answer:
        view = self._view(parameters)
        limit = _number(parameters, "limit", 100 if self._spot else 500)
        if self._spot:
            limit = min(limit, 5000)  # "If limit > 5000, only 5000 entries will be returned."
            weight = next(weight for most, weight in ((100, 5), (500, 25), (1000, 50), (5000, 250)) if limit <= most)
        else:
            if limit not in _USDM_DEPTH_LIMITS:
                raise refusals.not_valid("limit")
            weight = next(weight for most, weight in ((50, 2), (100, 5), (500, 10), (1000, 20)) if limit <= most)
        if limit == 0:
            raise refusals.not_valid("limit")
        depth = view.depth(limit)
        body: dict[str, object] = {"lastUpdateId": depth.last_update_id}
        if not self._spot:
            body |= {"E": depth.event_ms, "T": depth.transaction_ms}
        return Answer(body | {"bids": depth.bids, "asks": depth.asks}, weight, view.listing.symbol)

    def _trades(self, parameters: Parameters) -> Answer:
        view = self._view(parameters)
        price, quantity = view.listing.wire_decimals
        rows: list[dict[str, object]] = [
            {
                "id": trade.trade_id,
                "price": cut(trade.price, price),
                "qty": cut(trade.quantity, quantity),
                "quoteQty": fixed_text(trade.quote_quantity, 8),
                "time": trade.time_ms,
                "isBuyerMaker": trade.buyer_is_maker,
            }
            | ({"isBestMatch": True} if self._spot else {})
            for trade in _between(view.tape().recent, parameters)
        ]
        return Answer(rows, 25 if self._spot else 5)

    def _aggregate_trades(self, parameters: Parameters) -> Answer:
        # Recordings hold single trades: each is its own aggregate.
        view = self._view(parameters)
        price, quantity = view.listing.wire_decimals
        rows: list[dict[str, object]] = [
            {
                "a": trade.trade_id,
                "p": cut(trade.price, price),
                "q": cut(trade.quantity, quantity),
                "f": trade.trade_id,
                "l": trade.trade_id,
                "T": trade.time_ms,
                "m": trade.buyer_is_maker,
            }
            | ({"M": True} if self._spot else {})
            for trade in _between(view.tape().recent, parameters)
        ]
        return Answer(rows, 4 if self._spot else 20)

    def _klines(self, parameters: Parameters) -> Answer:
        view = self._view(parameters)
        interval = parameters.get("interval", "")
        if not interval:
            raise refusals.missing("interval")
        if interval not in INTERVALS_MS or (interval == "1s" and not self._spot):
            raise refusals.invalid_interval()
        limit = min(_number(parameters, "limit", 500), 1000 if self._spot else 1500)
        begin = _number(parameters, "startTime", 0)
        end = _number(parameters, "endTime", 2**63)
        found = [candle for candle in view.tape().candles(interval) if begin <= candle.open_ms <= end]
        found = found[:limit] if "startTime" in parameters else found[-limit:]
        return Answer([self._kline_row(view, candle, INTERVALS_MS[interval]) for candle in found], 2)

    def _kline_row(self, view: MarketView, candle: Candle, width_ms: int) -> list[object]:
        price, quantity = view.listing.wire_decimals
        return [
            candle.open_ms,
            *(cut(units, price) for units in (candle.open, candle.high, candle.low, candle.close)),
            cut(candle.volume, quantity),
            candle.open_ms + width_ms - 1,
            fixed_text(candle.turnover, 8),
            candle.trades,
            cut(candle.taker_buy_volume, quantity),
            fixed_text(candle.taker_buy_turnover, 8),
            "0",
        ]

    def _book_ticker(self, parameters: Parameters) -> Answer:
        rows = []
        for view in self._select(parameters):
            ticker = view.ticker()
            row: dict[str, object] = {
                "symbol": view.listing.symbol,
                "bidPrice": ticker.bid,
                "bidQty": ticker.bid_quantity,
                "askPrice": ticker.ask,
                "askQty": ticker.ask_quantity,
            }
            if not self._spot:
                row |= {"lastUpdateId": ticker.update_id, "time": ticker.transaction_ms}
            rows.append(row)
        return Answer(_one_or_all(rows, parameters), 2 if "symbol" in parameters else 4)

    def _price(self, parameters: Parameters) -> Answer:
        rows = []
        for view in self._select(parameters):
            price, _ = view.listing.wire_decimals
            day = view.tape().day()
            recent = view.tape().recent
            row: dict[str, object] = {
                "symbol": view.listing.symbol,
                "price": cut(day.close, price),
            }
            rows.append(row if self._spot else row | {"time": recent[-1].time_ms if recent else 0})
        return Answer(_one_or_all(rows, parameters), 2)

    def _average_price(self, parameters: Parameters) -> Answer:
        view = self._view(parameters)
        candles = view.tape().candles("1m")[-_AVERAGE_MINUTES:]
        volume = sum(candle.volume for candle in candles)
        price = sum(candle.turnover for candle in candles) * UNITS_PER_ONE // volume if volume else 0
        closed_ms = view.tape().recent[-1].time_ms if volume else 0
        return Answer({"mins": _AVERAGE_MINUTES, "price": fixed_text(price, 8), "closeTime": closed_ms}, 2)

    def _day(self, parameters: Parameters) -> Answer:
        rows = [self._day_row(view) for view in self._select(parameters)]
        return Answer(_one_or_all(rows, parameters), 2 if "symbol" in parameters else 80)

    def _day_row(self, view: MarketView) -> dict[str, object]:
        price, quantity = view.listing.wire_decimals
        tape, ticker = view.tape(), view.ticker()
        day = tape.day()
        last = tape.recent[-1] if tape.recent else None
        row: dict[str, object] = {
            "symbol": view.listing.symbol,
            "priceChange": signed(day.close - day.open, price),
            "priceChangePercent": signed(day.change_ppm * 10_000, 3),
            "weightedAvgPrice": cut(day.mean_price, price),
            "lastPrice": cut(day.close, price),
            "lastQty": cut(last.quantity if last else 0, quantity),
            "openPrice": cut(day.open, price),
            "highPrice": cut(day.high, price),
            "lowPrice": cut(day.low, price),
            "volume": cut(day.volume, quantity),
            "quoteVolume": fixed_text(day.turnover, 8),
            "openTime": day.open_ms,
            "closeTime": last.time_ms if last else 0,
            "firstId": day.first_trade_id,
            "lastId": day.last_trade_id,
            "count": day.trades,
        }
        if self._spot:
            row |= {
                "prevClosePrice": cut(day.open, price),
                "bidPrice": ticker.bid,
                "bidQty": ticker.bid_quantity,
                "askPrice": ticker.ask,
                "askQty": ticker.ask_quantity,
            }
        return row

    def _view(self, parameters: Parameters) -> MarketView:
        symbol = parameters.get("symbol", "")
        if not symbol:
            raise refusals.missing("symbol")
        return self._known(symbol, "symbol")

    def _known(self, symbol: str, parameter: str) -> MarketView:
        if not re.fullmatch(_SYMBOL, symbol):
            raise refusals.illegal_characters(parameter, _SYMBOL)
        if symbol not in self._views:
            raise refusals.invalid_symbol()
        return self._views[symbol]

    def _select(self, parameters: Parameters) -> list[MarketView]:
        """Return the views that `symbol` or `symbols` (a JSON array) name; all where neither is sent."""
        symbol, symbols = parameters.get("symbol"), parameters.get("symbols")
        if symbol is not None and symbols is not None:
            raise refusals.bad_combination()
        if symbol is not None:
            return [self._view(parameters)]
        if symbols is None:
            return list(self._views.values())
        try:
            names = msgspec.json.decode(symbols, type=list[str])
        except UNREADABLE:
            raise refusals.illegal_characters("symbols", r'^\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}")*\]$') from None
        return [self._known(name, "symbols") for name in names]


def _between(trades: Iterable[Print], parameters: Parameters) -> list[Print]:
    """Return the trades asked for: the oldest from `startTime` on, or else the latest."""
    limit = min(_number(parameters, "limit", 500), 1000)
    begin = _number(parameters, "startTime", 0)
    end = _number(parameters, "endTime", 2**63)
    found = [trade for trade in trades if begin <= trade.time_ms <= end]
    return found[:limit] if "startTime" in parameters else found[-limit:]


def _number(parameters: Parameters, name: str, default: int) -> int:
    text = parameters.get(name)
    if text is None:
        return default
    if not re.fullmatch(_NUMBER, text):
        raise refusals.illegal_characters(name, _NUMBER)
    return int(text)


def _one_or_all(rows: list[dict[str, object]], parameters: Parameters) -> object:
    return rows[0] if "symbol" in parameters else rows
