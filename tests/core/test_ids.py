import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvariantError
from core.ids import EPOCH_ZERO_NS, client_order_id, parse_client_order_id, session_epoch

epochs = st.integers(0, 36**8 - 1)
counters = st.integers(0, 36**6 - 1)


@given(epochs, counters)
def test_an_id_gives_back_its_epoch_and_counter(epoch, counter):
    assert parse_client_order_id(client_order_id(epoch, counter)) == (epoch, counter)


@given(epochs, counters)
def test_an_id_fits_every_venues_length_and_alphabet(epoch, counter):
    text = client_order_id(epoch, counter)
    assert len(text) <= 18  # Kraken's free-text cl_ord_id, the shortest we know
    assert re.fullmatch(r"[\.A-Z\:/a-z0-9_-]{1,36}", text)  # Binance's newClientOrderId


def test_ids_of_other_makers_are_not_ours():
    for text in ("", "web_8f2c", "x-TKT5PX2F", "t0000000000000!", "T00000000000000"):
        assert parse_client_order_id(text) is None


def test_a_counter_that_ran_out_stops_the_process_rather_than_repeating():
    with pytest.raises(InvariantError):
        client_order_id(0, 36**6)


def test_sessions_started_a_millisecond_apart_have_different_epochs():
    assert session_epoch(EPOCH_ZERO_NS + 1_000_000) == session_epoch(EPOCH_ZERO_NS) + 1


def test_a_backtest_on_data_from_before_2024_has_ids_too():
    epochs = [session_epoch(EPOCH_ZERO_NS + seconds * 10**9) for seconds in (-400_000_000, -1, 0, 1)]
    assert len(set(epochs)) == len(epochs)
    for epoch in epochs:
        assert parse_client_order_id(client_order_id(epoch, 1)) == (epoch, 1)
