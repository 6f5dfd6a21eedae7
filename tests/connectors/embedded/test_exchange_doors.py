"""REST and the WebSocket API over real sockets: keys, signatures, windows, limits, sessions, user data, the ledger."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connectors.embedded.errors import RequestError, SettingsError
from connectors.embedded.exchange.keys import ApiKey, KeyStore, Permission
from connectors.embedded.exchange.limits import Limit, LimitKind, RateLimits
from connectors.embedded.exchange.members import DEMO_KEY, DEMO_SECRET, Member, read_members
from connectors.embedded.server import EmbeddedVenue
from connectors.embedded.settings import Settings
from tests.connectors.embedded.world import combined, connect, depth, snapshot, trade, write_recording

Json = Any
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PEM = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
FAST = Member(name="fast", key="ed-key", public_key=PEM, balances={"BTC": "1", "USDT": "50000"})
READER = Member(
    name="fast", key="read-key", secret="r", permissions=(Permission.USER_DATA,), addresses=("127.0.0.1", "::1")
)
ELSEWHERE = Member(name="fast", key="far-key", secret="f", addresses=("203.0.113.7",))
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def hmac_of(text: str, secret: str = DEMO_SECRET) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def ed25519_of(text: str) -> str:
    return base64.b64encode(PRIVATE.sign(text.encode())).decode()


class Client:
    def __init__(self, venue: EmbeddedVenue, session: aiohttp.ClientSession) -> None:
        self.venue = venue
        self.session = session

    async def raw(self, verb: str, path: str, query: str = "", body: str = "", key: str = DEMO_KEY) -> Json:
        from yarl import URL

        url = URL(f"{self.venue.http_url}{path}?{query}", encoded=True)
        headers = {"X-MBX-APIKEY": key, "Content-Type": "application/x-www-form-urlencoded"} if key else {}
        async with self.session.request(verb, url, data=body, headers=headers) as response:
            return response.status, await response.json(), response.headers

    async def signed(self, verb: str, path: str, **parameters: Any) -> Json:
        query = urlencode({**parameters, "timestamp": now_ms()})
        return await self.raw(verb, path, f"{query}&signature={hmac_of(query)}")


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    accounts = (FAST, READER, ELSEWHERE)
    async with (
        EmbeddedVenue(Settings(synthetic=True, seed=3, accounts=accounts)) as venue,
        aiohttp.ClientSession() as session,
        asyncio.timeout(30),
    ):
        yield Client(venue, session)


async def code_of(answer: Any) -> tuple[int, int]:
    status, body, _ = await answer
    return status, body["code"]


async def test_signatures_are_taken_from_query_or_body_and_by_either_kind_of_key(client: Client) -> None:
    order = urlencode({**ORDER, "price": "50000", "timestamp": now_ms()})
    status, placed, headers = await client.raw("POST", "/api/v3/order", body=f"{order}&signature={hmac_of(order)}")
    assert (status, placed["status"]) == (200, "NEW")
    assert (headers["X-MBX-ORDER-COUNT-10S"], headers["X-MBX-ORDER-COUNT-1D"]) == ("1", "1")
    assert int(headers["X-MBX-USED-WEIGHT-1M"]) == int(headers["X-MBX-USED-WEIGHT"]) == 1

    # "concatenated without any & between them"
    query, body = urlencode(ORDER), urlencode({"price": "50000", "timestamp": now_ms()})
    upper = hmac_of(query + body).upper()
    assert (await client.raw("POST", "/api/v3/order", query, f"{body}&signature={upper}"))[0] == 200

    query = urlencode({"timestamp": time.time_ns() // 1_000, "recvWindow": "4000.5"})  # microseconds are taken too
    signature = quote(ed25519_of(query), safe="")
    status, account, _ = await client.raw("GET", "/api/v3/account", f"{query}&signature={signature}", key="ed-key")
    assert (status, account["accountType"], account["balances"][0]["free"]) == (200, "SPOT", "1.00000000")


async def test_what_is_wrong_with_a_signed_request_has_its_documented_code(client: Client) -> None:
    async def asking(parameters: dict[str, Any], key: str = DEMO_KEY, sign: str | None = "") -> tuple[int, int]:
        query = urlencode(parameters)
        signature = hmac_of(query) if sign == "" else sign
        tail = "" if signature is None else f"&signature={signature}"
        return await code_of(client.raw("GET", "/api/v3/account", query + tail, key=key))

    now = now_ms()
    assert await asking({}) == (400, -1102)
    assert await asking({"timestamp": "soon"}) == (400, -1100)
    assert await asking({"timestamp": now - 6_000}) == (400, -1021)
    assert await asking({"timestamp": now + 60_000}) == (400, -1021)
    assert await asking({"timestamp": now, "recvWindow": 60_001}) == (400, -1131)
    assert await asking({"timestamp": now}, sign=None) == (400, -1102)
    assert await asking({"timestamp": now}, sign="00" * 32) == (400, -1022)
    assert await asking({"timestamp": now}, key="") == (401, -2014)
    assert await asking({"timestamp": now}, key="nobody") == (401, -2015)
    assert await asking({"timestamp": now}, key="far-key") == (401, -2015)
    assert await code_of(client.raw("POST", "/api/v3/nothing")) == (404, -5000)


async def test_a_key_without_the_right_to_trade_may_look_and_not_place(client: Client) -> None:
    query = urlencode({**ORDER, "price": "50000", "timestamp": now_ms()})
    signature = hmac_of(query, "r")
    assert await code_of(client.raw("POST", "/api/v3/order", f"{query}&signature={signature}", key="read-key")) == (
        401,
        -2015,
    )
    query = urlencode({"timestamp": now_ms()})
    path, signed = "/sapi/v1/account/apiRestrictions", f"{query}&signature={hmac_of(query, 'r')}"
    status, rights, _ = await client.raw("GET", path, signed, key="read-key")
    assert (status, rights["enableSpotAndMarginTrading"], rights["enableWithdrawals"], rights["ipRestrict"]) == (
        200,
        False,
        False,
        True,
    )


async def test_exchange_info_tells_the_filters_and_limits_that_are_enforced(client: Client) -> None:
    _, info, _ = await client.raw("GET", "/api/v3/exchangeInfo", "symbol=BTCUSDT", key="")
    filters = {entry["filterType"]: entry for entry in info["symbols"][0]["filters"]}
    assert filters["MAX_NUM_ALGO_ORDERS"]["maxNumAlgoOrders"] == 5
    assert "DECREMENT" in info["symbols"][0]["allowedSelfTradePreventionModes"]
    price = str(float(filters["PRICE_FILTER"]["maxPrice"]) + 1)
    status, refused, _ = await client.signed("POST", "/api/v3/order", **ORDER, price=price)
    assert (status, refused) == (400, {"code": -1013, "msg": "Filter failure: PRICE_FILTER"})
    assert [limit["limit"] for limit in info["rateLimits"]] == [6_000, 100, 200_000, 61_000]


async def test_an_address_that_asks_too_much_is_told_when_to_come_back_and_then_banned() -> None:
    limits = RateLimits((Limit(LimitKind.REQUEST_WEIGHT, "MINUTE", 1, 10),))
    at_ms = 60_000 * 1_000 + 15_000
    refusals = []
    for _ in range(13):
        try:
            limits.request("1.2.3.4", 5, at_ms)
        except RequestError as error:
            refusals.append((error.status, error.code, error.retry_after_s))
    assert refusals[:10] == [(429, -1003, 45)] * 10
    assert refusals[10] == (418, -1003, 120)
    limits.request("5.6.7.8", 10, at_ms)
    with pytest.raises(RequestError, match="banned until"):
        limits.request("1.2.3.4", 1, at_ms + 119_000)
    limits.request("1.2.3.4", 1, at_ms + 120_000)
    assert limits.headers("1.2.3.4", None, at_ms + 120_000) == {"X-MBX-USED-WEIGHT-1M": "1"}


async def test_too_much_weight_is_answered_with_429_and_a_time_to_wait(client: Client) -> None:
    limits = client.venue.exchanges.spot.limits
    limits.request("127.0.0.1", 5_995, now_ms())
    status, body, headers = await client.raw("GET", "/api/v3/exchangeInfo", key="")
    if status == 200:  # the minute had just turned
        limits.request("127.0.0.1", 5_995, now_ms())
        status, body, headers = await client.raw("GET", "/api/v3/exchangeInfo", key="")
    assert (status, body["code"]) == (429, -1003)
    assert 0 < int(headers["Retry-After"]) <= 60


async def ask(socket: Any, method: str, **parameters: Any) -> Json:
    await socket.send(json.dumps({"id": "1", "method": method, "params": parameters}))
    while True:
        message = json.loads(await socket.recv())
        if "id" in message:
            return message


async def test_a_session_logged_on_with_ed25519_trades_without_signing_again(client: Client) -> None:
    async with connect(client.venue.ws_api_url) as socket:
        assert (await ask(socket, "userDataStream.subscribe"))["status"] == 401
        parameters = {"apiKey": "ed-key", "timestamp": now_ms()}
        signature = ed25519_of("&".join(f"{name}={parameters[name]}" for name in sorted(parameters)))
        logon = await ask(socket, "session.logon", signature=signature, **parameters)
        assert (logon["status"], logon["result"]["apiKey"]) == (200, "ed-key")
        assert (await ask(socket, "userDataStream.subscribe"))["result"] == {"subscriptionId": 0}
        assert (await ask(socket, "userDataStream.subscribe"))["error"]["code"] == -2035

        placed = await ask(socket, "order.place", **ORDER, price="50000", timestamp=now_ms())
        assert placed["result"]["status"] == "NEW"
        kinds = [(limit["rateLimitType"], limit["interval"]) for limit in placed["rateLimits"]]
        assert kinds == [("ORDERS", "SECOND"), ("ORDERS", "DAY"), ("REQUEST_WEIGHT", "MINUTE")]
        events = [json.loads(await socket.recv()) for _ in range(2)]
        assert [event["event"]["e"] for event in events] == ["executionReport", "outboundAccountPosition"]
        assert events[0]["event"]["i"] == placed["result"]["orderId"]

        quiet = await ask(socket, "openOrders.status", timestamp=now_ms(), returnRateLimits=False)
        assert ("rateLimits" in quiet, len(quiet["result"])) == (False, 1)
        assert (await ask(socket, "order.place", **ORDER, price="50000"))["error"]["code"] == -1102
        await socket.send(json.dumps({"id": 9, "method": "session.logout"}))
        ended, out = json.loads(await socket.recv()), json.loads(await socket.recv())
        ended, out = (ended, out) if "event" in ended else (out, ended)
        assert ended["event"]["e"] == "eventStreamTerminated"
        assert (out["result"]["apiKey"], out["result"]["userDataStream"]) == (None, False)


async def test_a_hmac_key_signs_each_request_and_subscribes_by_signature(client: Client) -> None:
    def signed(**parameters: Any) -> dict[str, Any]:
        parameters = {**parameters, "apiKey": DEMO_KEY, "timestamp": now_ms()}
        payload = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters))
        return {**parameters, "signature": hmac_of(payload)}

    async with connect(f"{client.venue.ws_api_url}?returnRateLimits=false") as socket:
        assert (await ask(socket, "session.logon", **signed()))["error"]["code"] == -4056
        assert (await ask(socket, "userDataStream.subscribe.signature", **signed()))["result"] == {"subscriptionId": 0}
        changed = await ask(socket, "order.place", **signed(**ORDER), price="50000")
        assert changed["error"]["code"] == -1022  # what the signature does not know
        market = {name: value for name, value in ORDER.items() if name != "timeInForce"} | {"type": "MARKET"}
        filled = await ask(socket, "order.place", **signed(**market))
        assert filled["result"]["status"] == "FILLED"
        assert (await ask(socket, "v3/ping"))["result"] == {}
        assert (await ask(socket, "depth", symbol="BTCUSDT", limit=5))["result"]["bids"]
        assert (await ask(socket, "no.such.thing"))["error"]["code"] == -1020
        await socket.send("{")
        while "id" not in (broken := json.loads(await socket.recv())):
            pass  # user data events of the order
        assert (broken["id"], broken["error"]["code"]) == (None, -1135)


async def test_two_accounts_trade_with_each_other_and_both_are_told_until_the_venue_shuts_down() -> None:
    wealth = {"BTC": "5", "USDT": "10000000"}
    members = tuple(Member(name=name, key=f"{name}-key", secret=name, balances=wealth) for name in ("ann", "bob"))

    def signed(name: str, **parameters: Any) -> dict[str, Any]:
        parameters = {**parameters, "apiKey": f"{name}-key", "timestamp": now_ms()}
        payload = "&".join(f"{key}={parameters[key]}" for key in sorted(parameters))
        return {**parameters, "signature": hmac_of(payload, name)}

    async with (
        asyncio.timeout(30),
        EmbeddedVenue(Settings(synthetic=True, seed=3, accounts=members)) as venue,
        connect(venue.ws_api_url) as ann,
        connect(venue.ws_api_url) as bob,
    ):
        for name, socket in (("ann", ann), ("bob", bob)):
            assert (await ask(socket, "userDataStream.subscribe.signature", **signed(name)))["status"] == 200
        offer = ORDER | {"side": "SELL", "quantity": "1", "price": "65000.00"}  # behind all that is displayed
        sold = await ask(ann, "order.place", **signed("ann", **offer))
        bought = await ask(bob, "order.place", **signed("bob", **{**offer, "side": "BUY", "quantity": "130"}))
        last = bought["result"]["fills"][-1]
        assert (last["price"], last["qty"]) == ("65000.00000000", "1.00000000")
        told = await next_trade(ann)
        assert (told["i"], told["t"], told["m"], told["X"]) == (
            sold["result"]["orderId"],
            last["tradeId"],
            True,
            "FILLED",
        )
        assert (await next_trade(bob))["m"] is False
        await venue.close()
        farewells = [json.loads(text) async for text in bob]
    assert farewells[-1]["event"]["e"] == "serverShutdown"


async def next_trade(socket: Any) -> Json:
    """The next `TRADE` report on a connection."""
    while True:
        event = json.loads(await socket.recv())["event"]
        if event.get("x") == "TRADE":
            return event


async def test_accounts_are_let_in_by_the_admin_and_all_they_did_is_in_the_ledger(client: Client) -> None:
    url = f"{client.venue.http_url}/emulator/accounts"
    member = {"name": "late", "key": "late-key", "secret": "s", "balances": {"USDT": "1000"}, "maker_rate": "0"}
    async with client.session.post(url, json=[member]) as response:
        assert await response.json() == {"ok": True, "accounts": ["late"]}
    async with client.session.post(url, json={"name": "late", "key": DEMO_KEY, "secret": "s"}) as response:
        assert response.status == 400
        assert "belongs to account 'demo'" in (await response.json())["error"]
    order = urlencode({**ORDER, "price": "50000", "timestamp": now_ms()})
    status, placed, _ = await client.raw(
        "POST", "/api/v3/order", f"{order}&signature={hmac_of(order, 's')}", key="late-key"
    )
    assert status == 200
    async with client.session.get(f"{client.venue.http_url}/emulator/ledger") as response:
        ledger = (await response.json())["spot"]
    late = ledger["accounts"]["late"]
    assert late["balances"] == {"USDT": {"free": "500.00000000", "locked": "500.00000000"}}
    assert [entry["orderId"] for entry in late["orders"]] == [placed["orderId"]]
    assert late["executions"] == []
    assert ledger["deposited"]["USDT"] == "1051000.00000000"


async def test_a_resting_order_is_filled_by_a_recorded_trade_behind_what_stood_before_it(tmp_path: Path) -> None:
    bids, asks = [["10.00", "3"]], [["10.02", "3"]]
    path = write_recording(
        tmp_path / "r.gz",
        [
            (0, snapshot(100, bids, asks)),
            (1, depth(101, 101, [["9.99", "1"]])),
            (2, trade(1, price="10.01")),
            *((700 + n, trade(2 + n, price="10.00", q="2.00000000", m=True)) for n in range(2)),
            (710, combined("abcusdt@depth@100ms", depth(102, 102, [["9.99", "2"]])["data"])),
        ],
    )
    member = Member(name="me", key="k", secret="s", balances={"USDT": "100"})
    settings = Settings(frames=(path,), accounts=(member,), start_grace_s=0.0, demo=False)
    async with (
        EmbeddedVenue(settings) as venue,
        aiohttp.ClientSession() as session,
        asyncio.timeout(30),
        connect(f"{venue.ws_url}/stream?streams=abcusdt@trade/abcusdt@depth@100ms") as socket,
    ):
        client = Client(venue, session)
        async with session.get(f"{venue.http_url}/api/v3/depth?symbol=ABCUSDT") as response:
            assert (await response.json())["bids"][0] == ["10.00", "3"]
        for _ in range(2):
            await socket.recv()
        order = urlencode({**ORDER, "symbol": "ABCUSDT", "price": "10.00", "quantity": "2", "timestamp": now_ms()})
        _, placed, _ = await client.raw("POST", "/api/v3/order", f"{order}&signature={hmac_of(order, 's')}", key="k")
        assert placed["status"] == "NEW"
        for _ in range(3):
            await socket.recv()
        told: Json = venue.exchanges.spot.ledger()["accounts"]
        told = told["me"]  # 4 were traded, 3 of them ahead of the order
    assert [entry["qty"] for entry in told["executions"]] == ["1.00000000"]
    assert told["orders"][0]["status"] == "PARTIALLY_FILLED"


def test_accounts_that_cannot_be_are_refused_with_what_is_wrong() -> None:
    with pytest.raises(SettingsError, match="not a list of accounts"):
        read_members(b'{"nam": "x"}')
    with pytest.raises(SettingsError, match="either a secret"):
        KeyStore([ApiKey(key="k", account="a")])
    with pytest.raises(SettingsError, match="no PEM public key"):
        KeyStore([ApiKey(key="k", account="a", public_key="nonsense")])
