"""Who keeps an order's words follows from the session's mode, which its head carries: a replay decides alike."""

import msgspec
import pytest

from config.compose import engine_settings, simulated
from config.digest import decision_config, settings_from_decisions
from config.load import parse
from config.settings import Mode, Settings

TEXT = """
[venues.binance]
connector = "binance-spot"
instruments = ["BTCUSDT"]
"""


def of(mode: Mode) -> Settings:
    settings = parse(TEXT).settings
    return msgspec.structs.replace(settings, session=msgspec.structs.replace(settings.session, mode=mode))


@pytest.mark.parametrize("mode", Mode)
def test_only_a_live_session_leaves_order_words_to_its_venue_and_its_replay_does_so_too(mode):
    for each in (of(mode), settings_from_decisions(decision_config(of(mode)))):
        assert engine_settings(each, {}, 0).native_orders is (mode is Mode.LIVE)


@pytest.mark.parametrize("mode", Mode)
def test_a_simulated_venue_keeps_nothing(mode):
    assert not engine_settings(simulated(of(mode)), {}, 0).native_orders
