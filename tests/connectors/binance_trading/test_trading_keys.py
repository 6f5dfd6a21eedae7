"""Secrets stay secret, and keys that may too much or too little are refused."""

import asyncio
import pickle
import traceback

import pytest

from connectors.binance.trading.credentials import Credentials
from connectors.embedded.exchange.keys import Permission
from connectors.embedded.exchange.members import Member
from connectors.errors import ConnectorError, VenueUnreachable
from tests.connectors.binance_trading.live import BALANCES, KEY, SECRET, World
from tests.connectors.binance_trading.test_trading_orders import PEM, SEED

SECRETS = [
    {"hmac_secret": "canary-of-a-secret"},
    {"ed25519": SEED},
    {"ed25519": PEM},
]


@pytest.mark.parametrize("secret", SECRETS)
def test_nothing_shows_a_key_or_a_secret(secret):
    credentials = Credentials("canary-of-a-key", **secret)
    shown = f"{credentials} {credentials!r} {credentials.signer} {credentials.signer!r} {vars(type(credentials))}"
    assert "canary" not in shown
    assert SEED not in shown
    assert "***" in shown
    with pytest.raises(TypeError, match="not copied"):
        pickle.dumps(credentials)


@pytest.mark.parametrize(
    "secret",
    [
        {},
        {"hmac_secret": "a", "ed25519": "b"},
        {"ed25519": "canary-of-a-secret"},
        {"ed25519": "Y2FuYXJ5LW9mLWEtc2VjcmV0"},
        {"ed25519": "-----BEGIN PRIVATE KEY-----\ncanary-of-a-secret\n-----END PRIVATE KEY-----"},
    ],
)
def test_a_secret_that_is_none_is_refused_without_showing_it(secret):
    with pytest.raises(ConnectorError) as refused:
        Credentials("k", **secret)
    text = "".join(traceback.format_exception(refused.value))
    assert "canary" not in text.replace('"canary', "").split("Traceback")[-1].splitlines()[-1]
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def member(*permissions: Permission) -> Member:
    return Member(name="trader", key=KEY, secret=SECRET, balances=BALANCES, permissions=permissions)


ALL = (Permission.USER_DATA, Permission.TRADE, Permission.FUTURES)


async def test_a_key_that_may_withdraw_is_refused():
    async with World.spot(member=member(*ALL, Permission.WITHDRAW), start=False) as live:
        with pytest.raises(ConnectorError, match=r"may withdraw: .* Untick 'Enable Withdrawals'"):
            await live.trading.run()


async def test_a_key_that_may_not_trade_is_refused():
    async with World.spot(member=member(Permission.USER_DATA), start=False) as live:
        with pytest.raises(ConnectorError, match="may not trade on spot: tick"):
            await live.trading.run()
    async with World.usdm(member=member(Permission.USER_DATA, Permission.TRADE), start=False) as live:
        with pytest.raises(ConnectorError, match="may not trade futures: tick 'Enable Futures'"):
            await live.trading.run()


async def test_a_wrong_secret_is_told_as_such_and_shown_nowhere():
    async with World.spot(Credentials(KEY, hmac_secret="canary-of-a-secret"), start=False) as live:
        with pytest.raises(ConnectorError, match=r"-1022.*check the key's rights") as refused:
            await live.trading.run()
        assert "canary" not in str(refused.value)
        assert KEY not in str(refused.value)


async def test_a_venue_that_does_not_answer_at_the_start_is_told_with_the_address():
    async with World.spot(start=False, start_timeout_s=0.5, rest_url="http://127.0.0.1:9") as live:
        with pytest.raises(VenueUnreachable, match=r"within 0.5 s; check rest_url \(http://127.0.0.1:9\)"):
            await live.trading.run()


async def test_an_address_that_does_not_tell_the_keys_rights_is_told_at_once():
    async with World.spot(start=False) as live:
        await live.fault(fault="http", path="/apiRestrictions", status=404, body="<html>", content_type="text/html")
        with pytest.raises(ConnectorError, match="set key_check_url to the address that does"):
            await live.trading.run()


async def test_what_passes_at_the_start_is_asked_for_again():
    async with World.spot(start=False) as live:
        await live.fault(fault="http", path="/apiRestrictions", status=502, body="<html>", content_type="text/html")
        await live.fault(fault="http", path="/exchangeInfo", status=200, body="{", count=1)
        await live.trading.check()
        assert "replace" in live.trading.native["BTCUSDT"]


@pytest.mark.parametrize("answer", ["HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", ""])
async def test_an_address_with_a_listen_key_is_shown_without_it(answer):
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer.encode())
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    address = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, World.usdm(private_ws_url=address, start_timeout_s=5.0) as live:
        line = live.trading._private_line
        assert line is not None
        await live.until(lambda: line.last_error)
        assert address in line.last_error
        assert "/ws/" not in line.last_error
        assert "listenKey" not in line.last_error
