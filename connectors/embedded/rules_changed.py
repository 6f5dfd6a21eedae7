"""Filters that change while the venue runs: told in exchangeInfo from then on, and enforced. No I/O.

Spot's are the exchange's own. USDⓈ-M keeps its precision, as Binance does ("pricePrecision" is not the tick size):
what is no multiple of the new tick or lot is refused here, before the exchange sees it.
"""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

import msgspec

from connectors.embedded.answer import Answer
from connectors.embedded.errors import SettingsError
from connectors.embedded.exchange.faults import MutateRules
from connectors.embedded.exchange.gate import Parameters
from connectors.embedded.exchange.members import rate_units
from connectors.embedded.exchange.plan import Message
from connectors.embedded.exchange.spot.rules import text
from connectors.embedded.exchanges import Exchanges
from connectors.embedded.market import Market
from core.errors import PrecisionError
from core.money import MONEY_UNIT

_PLACES = ("order.place", "order.modify", "algoOrder.place")
_UNIT = 10**8


class RulesChanged:
    """The symbols whose rules were changed."""

    def __init__(self, exchanges: Exchanges) -> None:
        """Change those of these exchanges."""
        self._exchanges = exchanges
        self._usdm: dict[str, MutateRules] = {}

    def check(self, fault: MutateRules) -> None:
        """Refuse a change that cannot be. Raises SettingsError."""
        spot, usdm = self._exchanges.spot.engine.states, self._exchanges.usdm.state.symbols
        markets = {Market.SPOT: fault.symbol in spot, Market.USDM: fault.symbol in usdm}
        if not any(listed for market, listed in markets.items() if fault.market in (None, market)):
            raise SettingsError(f"no symbol {fault.symbol!r}; GET exchangeInfo lists them")
        for amount in (fault.tick, fault.step, fault.min_notional):
            if amount is not None and rate_units(amount) <= 0:
                raise SettingsError(f"{amount!r} is no positive amount")

    def change(self, fault: MutateRules) -> None:
        """Let other rules hold. Raises SettingsError."""
        self.check(fault)
        if fault.market is not Market.USDM and fault.symbol in self._exchanges.spot.engine.states:
            self._change_spot(fault)
        if fault.market is not Market.SPOT and fault.symbol in self._exchanges.usdm.state.symbols:
            self._change_usdm(fault)

    def _change_spot(self, fault: MutateRules) -> None:
        changed: dict[str, object] = {
            name: rate_units(amount)
            for name, amount in (("tick", fault.tick), ("step", fault.step), ("min_notional", fault.min_notional))
            if amount is not None
        }
        if fault.trading is not None:
            changed["trading"] = fault.trading
        exchange = self._exchanges.spot
        exchange.change_rules(msgspec.structs.replace(exchange.rules(fault.symbol), **changed))

    def _change_usdm(self, fault: MutateRules) -> None:
        known = self._usdm.get(fault.symbol, fault)
        self._usdm[fault.symbol] = msgspec.structs.replace(
            fault,
            tick=fault.tick or known.tick,
            step=fault.step or known.step,
            min_notional=fault.min_notional or known.min_notional,
        )
        if fault.min_notional is not None:
            state = self._exchanges.usdm.state
            least = rate_units(fault.min_notional) * (MONEY_UNIT // _UNIT)
            contract = msgspec.structs.replace(state.contracts[fault.symbol], min_notional=least)
            state.contracts[fault.symbol] = state.symbols[fault.symbol].contract = contract

    def refusal(self, request: Message, parameters: object, form: str = "") -> dict[str, object] | None:
        """Return the refusal of a USDⓈ-M order that the changed rules forbid, if it is one."""
        rules = self._usdm.get(request.symbol)
        if rules is None or request.market is not Market.USDM or not any(name in _PLACES for name in request.names):
            return None
        values: Mapping[str, object] = parameters if isinstance(parameters, dict) else dict(parse_qsl(form))
        if rules.tick and not all(_is_whole(values.get(name), rules.tick) for name in ("price", "triggerPrice")):
            return {"code": -4014, "msg": "Price not increased by tick size."}
        if rules.step and not _is_whole(values.get("quantity"), rules.step):
            return {"code": -4023, "msg": "Quantity not increased by step size."}
        return None

    def told(self, answer: Answer) -> Answer:
        """Return USDⓈ-M's exchangeInfo with the changed rules in it."""
        if not self._usdm or not isinstance(answer.body, dict):
            return answer
        symbols = [
            symbol | {"filters": [self._filter(symbol["symbol"], each) for each in symbol["filters"]]}
            for symbol in answer.body["symbols"]
        ]
        return msgspec.structs.replace(answer, body=answer.body | {"symbols": symbols})

    def _filter(self, symbol: str, told: dict[str, object]) -> dict[str, object]:
        rules = self._usdm.get(symbol)
        kind = told["filterType"]
        if rules is None:
            return told
        if kind == "PRICE_FILTER" and rules.tick:
            return told | {"tickSize": _short(rules.tick), "minPrice": _short(rules.tick)}
        if kind in ("LOT_SIZE", "MARKET_LOT_SIZE") and rules.step:
            return told | {"stepSize": _short(rules.step), "minQty": _short(rules.step)}
        if kind == "MIN_NOTIONAL" and rules.min_notional:
            return told | {"notional": _short(rules.min_notional)}
        return told


def following(rules: RulesChanged, endpoint: Callable[[Parameters], Answer]) -> Callable[[Parameters], Answer]:
    """Return an exchangeInfo that tells changed rules."""
    return lambda parameters: rules.told(endpoint(parameters))


def _is_whole(value: object, unit: str) -> bool:
    if value is None:
        return True
    try:
        return rate_units(str(value)) % rate_units(unit) == 0
    except (SettingsError, PrecisionError):
        return True  # no number: the exchange says so


def _short(amount: str) -> str:
    return text(rate_units(amount)).rstrip("0").rstrip(".")
