"""What a venue's connector is told, from the settings' table."""

from config.settings import ConnectorName, VenueSettings
from connectors.binance.settings import BinanceSettings, Market
from connectors.binance.trading.settings import MarginType, SelfTradePrevention, TradingSettings

_MARKETS = {ConnectorName.BINANCE_SPOT: Market.SPOT, ConnectorName.BINANCE_USDM: Market.USDM}


def binance_settings(name: str, venue: VenueSettings) -> BinanceSettings:
    """Return the settings of the Binance connector for `[venues.NAME]`."""
    return BinanceSettings(
        venue=name.upper(),
        market=_MARKETS[venue.connector],
        rest_url=venue.rest_url,
        ws_url=venue.ws_url,
        ws_market_url=venue.ws_market_url,
        instruments=venue.instruments,
        channels=tuple(channel.value for channel in venue.channels),
        depth_speed=venue.depth_speed,
        snapshot_levels=venue.snapshot_levels,
        bar_interval=venue.bar_interval,
        quotes_stale_s=venue.quotes_stale_s,
        book_stale_s=venue.book_stale_s,
        trades_stale_s=venue.trades_stale_s,
        bars_stale_s=venue.bars_stale_s,
        marks_stale_s=venue.marks_stale_s,
        connect_timeout_s=venue.connect_timeout_s,
        request_timeout_s=venue.request_timeout_s,
        start_timeout_s=venue.start_timeout_s,
        ping_after_s=venue.ping_after_s,
        rotate_after_s=venue.rotate_after_s,
        clock_every_s=venue.clock_every_s,
    )


def binance_trading(name: str, venue: VenueSettings, *, hedging: bool, alone: bool = False) -> TradingSettings:
    """Return the settings of trading at `[venues.NAME]`, which has a `trading` table.

    `hedging`: how the books are kept, which the account's position mode must be whether or not `hedge_mode` says so.
    `alone`: whether orders on the account that are not ours are none that we shall let be.
    """
    table = venue.trading
    assert table is not None
    return TradingSettings(
        venue=name.upper(),
        market=_MARKETS[venue.connector],
        instruments=venue.instruments,
        rest_url=venue.rest_url,
        key_check_url=table.key_check_url,
        ws_api_url=table.ws_api_url,
        private_ws_url=table.private_ws_url,
        recv_window_ms=table.recv_window_ms,
        clock_bound_ms=table.clock_bound_ms,
        stp_mode=SelfTradePrevention(table.stp_mode.upper().replace("-", "_")),
        hedge_mode=hedging if venue.connector is ConnectorName.BINANCE_USDM else None,
        leverage=table.leverage,
        margin_type=MarginType(table.margin_type) if table.margin_type else None,
        alone=alone,
        dead_man_s=table.dead_man_s,
        cancel_share=table.cancel_share,
        answer_timeout_s=table.answer_timeout_s,
        request_timeout_s=venue.request_timeout_s,
        connect_timeout_s=venue.connect_timeout_s,
        start_timeout_s=venue.start_timeout_s,
        ping_after_s=min(venue.ping_after_s, 3.0),
        rotate_after_s=venue.rotate_after_s,
    )
