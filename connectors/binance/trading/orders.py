"""Commands as requests: which of the venue's order types, parameters and methods say what a command says.

What the venue does not offer is refused with a reason; the core keeps such orders itself.
"""

from collections.abc import Mapping

from connectors.binance.settings import Market
from connectors.binance.trading.requests import Filled, Rare, Request, Target, Template
from connectors.binance.trading.settings import TradingSettings
from connectors.binance.trading.terms import spot_terms, usdm_terms
from core.instruments import Instrument
from core.orders import ApprovedCancel, ApprovedReplace, ApprovedSubmit, OrderIntent, OrderType, Side

ALGO = "a"
"""What the names of the algo service's orders begin with among our venue order ids; its numbers are its own."""

CANCELLED_SUFFIX = "c"
"""Spot renames an order as it is cancelled: "newClientOrderId will replace clientOrderId of the canceled order". So we
give it a name that we know, by which it can still be asked for."""

_SPOT_PLACE = Target("order.place", "POST", "/api/v3/order", 1, 1)
_SPOT_CANCEL = Target("order.cancel", "DELETE", "/api/v3/order")
_SPOT_CANCEL_ALL = Target("openOrders.cancelAll", "DELETE", "/api/v3/openOrders")
_SPOT_REPLACE = Target("order.cancelReplace", "POST", "/api/v3/order/cancelReplace", 1, 1)
_SPOT_AMEND = Target("order.amend.keepPriority", "PUT", "/api/v3/order/amend/keepPriority", 4)
# "0 on IP rate limit(x-mbx-used-weight-1m)": orders of USDⓈ-M count against the account alone.
_USDM_PLACE = Target("order.place", "POST", "/fapi/v1/order", 0, 1)
_USDM_CANCEL = Target("order.cancel", "DELETE", "/fapi/v1/order")
_USDM_MODIFY = Target("order.modify", "PUT", "/fapi/v1/order", 1, 1)
_ALGO_PLACE = Target("algoOrder.place", "POST", "/fapi/v1/algoOrder", 0, 1)
_ALGO_CANCEL = Target("algoOrder.cancel", "DELETE", "/fapi/v1/algoOrder")
_BATCH_CANCEL = Target("", "DELETE", "/fapi/v1/batchOrders")

BATCH_MAX = 10
"""Cancels in one request: "orderIdList: max length 10"."""

Shape = tuple[int, int, OrderType, str, bool, bool, Side | None]


class OrderRequests:
    """Makes the requests of one account. Common shapes are written down once, see `requests.Template`."""

    __slots__ = ("_cancels", "_instruments", "_key", "_places", "_settings", "_window_ms", "hedge_mode")

    def __init__(self, settings: TradingSettings, key: str) -> None:
        """Know no instrument yet."""
        self.hedge_mode = bool(settings.hedge_mode)
        self._settings = settings
        self._key = key
        self._window_ms = settings.recv_window_ms
        self._instruments: Mapping[int, Instrument] = {}
        self._places: dict[Shape, Template] = {}
        self._cancels: dict[tuple[int, str], Template] = {}

    def assign(self, instruments: Mapping[int, Instrument]) -> None:
        """Take the rules of the instruments by index."""
        self._instruments = instruments
        self._places.clear()
        self._cancels.clear()

    def submit(self, command: ApprovedSubmit) -> Request | str:
        """Return the request that places an order, or why the venue cannot take it."""
        intent = command.intent
        instrument = self._instruments.get(intent.instrument)
        if instrument is None:
            return "the instrument is not assigned to this connector"
        if intent.terms is None and intent.type in {OrderType.MARKET, OrderType.LIMIT}:
            shape = (intent.instrument, int(intent.side), intent.type, intent.time_in_force, intent.post_only,
                     intent.reduce_only, None)  # fmt: skip
            template = self._places.get(shape) or self._template(shape, intent, instrument)
            if isinstance(template, str):
                return template
            quantity = instrument.quantity_text(intent.quantity)
            if intent.type is OrderType.MARKET:
                return Filled(template, (intent.client_order_id, quantity))
            return Filled(template, (intent.client_order_id, instrument.price_text(intent.price), quantity))
        params = self.params(intent, instrument)
        if isinstance(params, str):
            return params
        return Rare(self._place_target(intent), params, self._window_ms)

    def cancel(self, command: ApprovedCancel, name: str, venue_order_id: str) -> Request | str:
        """Return the request that cancels an order: by the venue's number, "always better when only orderId is sent".

        `name` is what the venue calls it after us; it is asked for by it where its number is not known.
        """
        instrument = self._instruments.get(command.instrument)
        if instrument is None:
            return "the instrument is not assigned to this connector"
        if venue_order_id.startswith(ALGO):
            return Rare(_ALGO_CANCEL, {"algoId": venue_order_id.removeprefix(ALGO)}, self._window_ms)
        field = "orderId" if venue_order_id else "origClientOrderId"
        key = command.instrument, field
        template = self._cancels.get(key)
        is_spot = self._settings.market is Market.SPOT
        if template is None:
            slots = ("newClientOrderId", field) if is_spot else (field,)
            target = _SPOT_CANCEL if is_spot else _USDM_CANCEL
            fixed = {"symbol": instrument.symbol}
            template = self._cancels[key] = Template(target, self._key, self._window_ms, fixed, slots)
        wanted = venue_order_id or name
        return Filled(template, (name + CANCELLED_SUFFIX, wanted) if is_spot else (wanted,))

    def cancel_algo(self, name: str) -> Request:
        """Return the request that cancels a conditional order of USDⓈ-M by our name for it."""
        return Rare(_ALGO_CANCEL, {"clientAlgoId": name}, self._window_ms)

    def cancel_batch(self, instrument: int, venue_order_ids: list[str], names: list[str]) -> Request:
        """Return the request that cancels several orders of USDⓈ-M at once: all by number, or all by name."""
        params = {"symbol": self._instruments[instrument].symbol}
        if names:
            params["origClientOrderIdList"] = "[" + ",".join(f'"{name}"' for name in names) + "]"
        else:
            params["orderIdList"] = "[" + ",".join(venue_order_ids) + "]"
        return Rare(_BATCH_CANCEL, params, self._window_ms)

    def cancel_all(self, instrument: int) -> Request:
        """Return the request that cancels all that works at a symbol of spot."""
        return Rare(_SPOT_CANCEL_ALL, {"symbol": self._instruments[instrument].symbol}, self._window_ms)

    def modify(self, command: ApprovedReplace) -> Request | str:
        """Return the request that changes an order of USDⓈ-M in place: "quantity" is what it shall have in all."""
        instrument = self._instruments.get(command.instrument)
        if instrument is None:
            return "the instrument is not assigned to this connector"
        if command.type is not OrderType.LIMIT or command.venue_order_id.startswith(ALGO):
            return "Binance changes limit orders only: cancel this one and place another"
        params = {
            "symbol": instrument.symbol,
            "side": command.side.name,
            "price": instrument.price_text(command.price),
            "quantity": instrument.quantity_text(command.quantity),
        }
        field = "orderId" if command.venue_order_id else "origClientOrderId"
        params[field] = command.venue_order_id or command.client_order_id
        return Rare(_USDM_MODIFY, params, self._window_ms)

    def amend(self, command: ApprovedReplace, name: str, quantity: int, new_name: str) -> Request:
        """Return the request that takes quantity off a spot order, which keeps its place in the queue."""
        instrument = self._instruments[command.instrument]
        params = {
            "symbol": instrument.symbol,
            "newClientOrderId": new_name,
            "newQty": instrument.quantity_text(quantity),
        }
        field = "orderId" if command.venue_order_id else "origClientOrderId"
        params[field] = command.venue_order_id or name
        return Rare(_SPOT_AMEND, params, self._window_ms)

    def replace(self, intent: OrderIntent, name: str, venue_order_id: str) -> Request | str:
        """Return the request that cancels a spot order and, once that is done, places `intent` in its stead.

        STOP_ON_FAILURE: "If the cancel request fails, the new order placement will not be attempted."
        """
        params = self.params(intent, self._instruments[intent.instrument])
        if isinstance(params, str):
            return params
        params["cancelReplaceMode"] = "STOP_ON_FAILURE"
        params["cancelNewClientOrderId"] = name + CANCELLED_SUFFIX
        params["cancelOrderId" if venue_order_id else "cancelOrigClientOrderId"] = venue_order_id or name
        return Rare(_SPOT_REPLACE, params, self._window_ms)

    def params(self, intent: OrderIntent, instrument: Instrument) -> dict[str, str] | str:
        """Return the parameters of a new order, or why the venue cannot take it."""
        if self._settings.market is Market.SPOT:
            params = spot_terms(intent, instrument)
            if isinstance(params, dict):
                params["newClientOrderId"] = intent.client_order_id
        else:
            params = usdm_terms(intent, instrument, hedge_mode=self.hedge_mode)
            if isinstance(params, dict):
                name = "clientAlgoId" if "algoType" in params else "newClientOrderId"
                params[name] = intent.client_order_id
        if isinstance(params, str):
            return params
        params |= {"symbol": instrument.symbol, "side": intent.side.name, "newOrderRespType": "ACK"}
        if self._settings.stp_mode:
            params["selfTradePreventionMode"] = self._settings.stp_mode.value
        return params

    def _template(self, shape: Shape, intent: OrderIntent, instrument: Instrument) -> Template | str:
        """Write down a shape of order."""
        params = self.params(intent, instrument)
        if isinstance(params, str):
            return params
        slots = [name for name in ("newClientOrderId", "price", "quantity") if params.pop(name, None) is not None]
        # Over REST there may be no stream to tell the fills: FULL has them on spot, RESULT what was filled on USDⓈ-M.
        rest = "FULL" if self._settings.market is Market.SPOT else "RESULT"
        target = self._place_target(intent)
        template = self._places[shape] = Template(target, self._key, self._window_ms, params, slots, rest)
        return template

    def _place_target(self, intent: OrderIntent) -> Target:
        """Return where an order is placed: conditional orders of USDⓈ-M have a service of their own."""
        if self._settings.market is Market.SPOT:
            return _SPOT_PLACE
        return _USDM_PLACE if intent.type in {OrderType.MARKET, OrderType.LIMIT} else _ALGO_PLACE
