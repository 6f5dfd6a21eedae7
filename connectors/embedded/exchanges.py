"""The venue's exchanges side by side: one set of keys, a gate and an engine for each market that trades."""

from collections.abc import Callable, Mapping

import msgspec

from connectors.embedded.exchange.gate import Gate
from connectors.embedded.exchange.keys import KeyStore
from connectors.embedded.exchange.limits import Limit, RateLimits
from connectors.embedded.exchange.members import Member, add_key, demo_member, rate_units
from connectors.embedded.exchange.spot.api import SpotExchange
from connectors.embedded.exchange.spot.rules import SPOT_LIMITS
from connectors.embedded.exchange.usdm.contracts import USDM_LIMITS
from connectors.embedded.exchange.usdm.exchange import UsdmExchange
from connectors.embedded.exchange.usdm.state import FuturesSettings
from connectors.embedded.market import Market
from connectors.embedded.settings import Settings
from connectors.embedded.view import MarketView

Publish = Callable[[str, bytes], None]  # a stream's name, and what its subscribers get


class Exchanges:
    """Everything that trades, and who may. Raises SettingsError where the settings' accounts cannot be."""

    def __init__(
        self,
        views: Mapping[tuple[Market, str], MarketView],
        settings: Settings,
        now_ms: Callable[[], int],
        publish: Publish,
    ) -> None:
        """Open the markets and let the settings' accounts in; `publish` reaches the streams of USDⓈ-M."""
        self.keys = KeyStore()
        self._now_ms = now_ms
        spot_views = {symbol: view for (market, symbol), view in views.items() if market is Market.SPOT}
        limits = {
            Market.SPOT: RateLimits(_scaled(SPOT_LIMITS, settings.limit_scale)),
            Market.USDM: RateLimits(_scaled(USDM_LIMITS, settings.limit_scale)),
        }
        quotes = {view.listing.quote for view in spot_views.values()}
        bnb_price = rate_units(settings.bnb_price)
        self.spot = SpotExchange(
            spot_views, limits[Market.SPOT], now_ms, dict.fromkeys(sorted(quotes - {"BNB"}), bnb_price)
        )
        self.usdm = UsdmExchange(
            {symbol: view for (market, symbol), view in views.items() if market is Market.USDM},
            limits[Market.USDM],
            now_ms,
            lambda stream, event: publish(stream, msgspec.json.encode(event)),
            FuturesSettings(funding_interval_ms=round(settings.funding_interval_s * 1_000)),
        )
        self.gates = {
            Market.SPOT: Gate(self.keys, limits[Market.SPOT], self.spot.endpoints(), now_ms),
            Market.USDM: Gate(self.keys, limits[Market.USDM], self.usdm.endpoints(), now_ms),
        }
        if settings.demo:
            listings = [view.listing for view in views.values()]
            self.admit(demo_member([asset for entry in listings for asset in (entry.base, entry.quote)]))
        for member in settings.accounts:
            self.admit(member)

    def admit(self, member: Member) -> None:
        """Let an account in on every market. Raises SettingsError."""
        add_key(self.keys, member, self._now_ms())
        self.spot.admit(member)
        self.usdm.admit(member)

    def order_numbers(self, market: Market, client_id: str) -> tuple[int, ...]:
        """Return the venue's ids of the orders whose client order id begins so."""
        if market is Market.USDM:
            orders = [order for found in self.usdm.state.orders.values() for order in found.values()]
            return tuple(order.order_id for order in orders if order.client_order_id.startswith(client_id))
        states = self.spot.engine.states.values()
        return tuple(
            order.order_id
            for state in states
            for (_, known), order in state.by_client.items()
            if known.startswith(client_id)
        )

    def ledger(self) -> dict[str, object]:
        """Return what really happened, by market."""
        return {Market.SPOT.value: self.spot.ledger(), Market.USDM.value: self.usdm.ledger()}


def _scaled(limits: tuple[Limit, ...], scale: int) -> tuple[Limit, ...]:
    return tuple(msgspec.structs.replace(limit, limit=limit.limit * scale) for limit in limits)
