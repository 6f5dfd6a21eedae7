"""The exchange's faults: which messages meet which, and what becomes of them; then on sockets."""

import asyncio
import time

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.embedded.errors import SettingsError
from connectors.embedded.exchange.faults import (
    Corrupt,
    Delay,
    Drop,
    Dup,
    Forget,
    MutateRules,
    Place,
    Reorder,
    Reply,
    Skew,
    Stall,
    Truncate,
    read_script,
    without_forgotten,
)
from connectors.embedded.exchange.plan import FaultPlan, Message
from connectors.embedded.market import Market
from connectors.embedded.server import EmbeddedVenue
from connectors.embedded.settings import Settings
from core.events import ReportType
from core.evidence import Subject
from core.orders import Side
from tests.connectors.binance_trading.live import Live, World

SECOND = 1_000_000_000


def message(text: bytes = b'{"id":1}', place: Place = Place.ANSWER, line: object = "line", **more: object) -> Message:
    told = {"names": ("order.place", "POST /api/v3/order"), "market": Market.SPOT} | more
    return Message(place=place, text=text, line=line, **told)  # type: ignore[arg-type]


def plan_of(*faults: object, seed: int = 0) -> FaultPlan:
    plan = FaultPlan(seed)
    for fault in faults:
        plan.add(fault, 0)  # type: ignore[arg-type]
    return plan


def texts(plan: FaultPlan, *sent: Message, now_ns: int = 0) -> list[list[tuple[bytes, int]]]:
    return [[(each.text, each.delay_ns) for each in plan.judge(one, now_ns).deliveries] for one in sent]


def test_a_fault_meets_the_nth_message_that_matches_and_counts_all_of_them() -> None:
    plan = plan_of(Drop(what="order.place", skip=1, count=2, symbol="BTCUSDT"))
    sent = [message(symbol="ETHUSDT"), *[message(symbol="BTCUSDT")] * 4]
    assert [len(each) for each in texts(plan, *sent)] == [1, 1, 0, 0, 1]
    (told,) = plan.told()
    assert (told["seen"], told["fired"]) == (3, 2)


def test_a_fault_keeps_to_its_account_its_order_its_text_and_its_time() -> None:
    drop = Drop(account="a", order="T1", holding='"x"', after_s=1, for_s=1, count=0)
    plan = plan_of(drop)
    fitting = message(b'{"x":1}', account="a", orders=("T1-7",))
    assert texts(plan, fitting, now_ns=0) == [[(b'{"x":1}', 0)]]
    assert texts(plan, fitting, now_ns=SECOND) == [[]]
    assert texts(plan, fitting, now_ns=2 * SECOND) == [[(b'{"x":1}', 0)]]
    for other in (
        message(b'{"x":1}', account="b", orders=("T1-7",)),
        message(b'{"x":1}', account="a", orders=("T2",)),
        message(b"{}", account="a", orders=("T1-7",)),
        message(b'{"x":1}', Place.REQUEST, account="a", orders=("T1-7",)),
    ):
        assert len(texts(plan, other, now_ns=SECOND)[0]) == 1


@given(st.integers(0, 2**31), st.integers(1, 60))
def test_the_same_seed_meets_the_same_messages(seed: int, count: int) -> None:
    def fates() -> list[int]:
        plan = plan_of(Drop(probability=0.5, count=0), seed=seed)
        return [len(each) for each in texts(plan, *[message()] * count)]

    assert fates() == fates()


def test_another_fault_in_the_plan_does_not_change_what_chance_brings() -> None:
    lone, both = plan_of(Drop(probability=0.5, count=0)), plan_of(Drop(probability=0.5, count=0), Dup(probability=0.1))
    assert [not each for each in texts(lone, *[message()] * 50)] == [
        not each for each in texts(both, *[message()] * 50)
    ]


def test_messages_come_late_twice_cut_and_altered() -> None:
    assert texts(plan_of(Delay(seconds=1)), message()) == [[(b'{"id":1}', SECOND)]]
    assert texts(plan_of(Dup(seconds=2)), message()) == [[(b'{"id":1}', 0), (b'{"id":1}', 2 * SECOND)]]
    assert texts(plan_of(Truncate(keep=0.5)), message()) == [[(b'{"id', 0)]]
    ((altered, _),) = texts(plan_of(Corrupt()), message())[0]
    assert sum(one != two for one, two in zip(altered, b'{"id":1}', strict=True)) == 1


def test_a_reordered_message_goes_behind_the_next_of_its_line_or_on_alone_in_the_end() -> None:
    plan = plan_of(Reorder(behind=2, what="order.*"))
    first, later = message(b"first"), [message(text, names=("event",), place=Place.EVENT) for text in (b"2", b"3")]
    other = message(b"other", names=("event",), line="another")
    assert texts(plan, first, other, *later) == [[], [(b"other", 0)], [(b"2", 0)], [(b"3", 0), (b"first", 0)]]
    plan = plan_of(Reorder(seconds=3))
    assert plan.judge(message(b"first"), 0).release_after_ns == 3 * SECOND
    assert plan.release(2 * SECOND) == []
    assert plan.release(3 * SECOND) == [("line", False, b"first")]
    assert plan.release(3 * SECOND) == []


def test_a_stalled_topic_goes_on_in_its_order_when_the_stall_is_over() -> None:
    plan = plan_of(Stall(seconds=2))
    assert texts(plan, message(b"1")) == [[(b"1", 2 * SECOND)]]
    assert texts(plan, message(b"2"), now_ns=SECOND) == [[(b"2", SECOND)]]
    assert texts(plan, message(b"3"), now_ns=3 * SECOND) == [[(b"3", 0)]]


def test_the_clock_is_off_drifts_and_comes_back() -> None:
    plan = plan_of(Skew(offset_ms=2_000, drift_ppm=100_000, after_s=1, for_s=10))
    assert [plan.clock_offset_ns(at * SECOND) for at in (0, 1, 3, 12)] == [0, 2 * SECOND, 2 * SECOND + SECOND // 5, 0]


def test_a_query_does_not_know_what_is_forgotten() -> None:
    mine, other = {"orderId": 1, "clientOrderId": "A", "time": 9_000}, {"orderId": 2, "clientOrderId": "B", "time": 0}
    fill = {"orderId": 1, "id": 5, "time": 9_000}
    assert without_forgotten([mine, other, fill], Forget(order="A"), (1,), 10_000) == [other]
    assert without_forgotten(mine, Forget(order="A"), (), 10_000) is None
    assert without_forgotten([mine, other], Forget(lag_s=5), (), 10_000) == [other]
    assert without_forgotten(mine, Forget(lag_s=0.5), (), 10_000) == mine
    assert without_forgotten({"balances": []}, Forget(), (), 0) == {"balances": []}


def test_scripts_are_toml_or_json_lines_and_say_what_is_wrong_with_them() -> None:
    toml = b'seed = 7\n[[fault]]\nhook = "drop"\nwhat = "order.place"\nprobability = 0.1\ncount = 0\n'
    lines = b'{"seed": 7}\n{"hook": "drop", "what": "order.place", "probability": 0.1, "count": 0}\n'
    assert read_script(toml) == read_script(lines)
    assert read_script(toml).fault == (Drop(what="order.place", probability=0.1, count=0),)
    for wrong in (b'[[fault]]\nhook = "explode"', b'[[fault]]\nhook = "drop"\nwhen = 1', b"{", b"seed = 'x'"):
        with pytest.raises(SettingsError, match="not a script of faults"):
            read_script(wrong)
    with pytest.raises(SettingsError, match="probability is 2"):
        FaultPlan().add(Drop(probability=2), 0)
    with pytest.raises(SettingsError, match="needs a `symbol`"):
        FaultPlan().add(MutateRules(tick="1"), 0)


# ----------------------------------------------------------------------------------------------------------- on sockets


async def hook(live: Live, **fault: object) -> None:
    await live.http("POST", "/emulator/hooks", fault)


async def test_the_owner_arms_looks_at_and_clears_faults() -> None:
    async with World.spot(start=False) as live:
        told = await live.http("POST", "/emulator/hooks", [{"hook": "drop", "name": "mine"}, {"hook": "corrupt"}])
        assert told["names"] == ["mine", "corrupt-2"]
        listed = (await live.http("GET", "/emulator/hooks"))["faults"]
        assert [(each["name"], each["fired"]) for each in listed] == [("mine", 0), ("corrupt-2", 0)]  # type: ignore[attr-defined]
        assert (await live.http("DELETE", "/emulator/hooks?name=mine"))["cleared"] == 1
        assert (await live.http("DELETE", "/emulator/hooks"))["cleared"] == 1
        for wrong in ({"hook": "explode"}, {"hook": "mutate_rules", "symbol": "NONE", "tick": "1"}):
            async with (
                aiohttp.ClientSession() as client,
                client.post(f"{live.venue.http_url}/emulator/hooks", json=wrong) as answer,
            ):
                assert answer.status == 400


async def test_an_accepted_order_loses_its_answer_and_a_dropped_one_never_arrives() -> None:
    async with World.spot() as live:
        await live.up()
        await hook(live, hook="drop", place="answer", what="order.place")
        await hook(live, hook="drop", place="event", what="executionReport")
        taken = live.submit(Side.BUY, await live.price(0.9))
        await live.told(taken, ReportType.OUTCOME_UNKNOWN)
        await live.up(2)
        await hook(live, hook="drop", place="request", what="order.place")
        lost = live.submit(Side.BUY, await live.price(0.9))
        await live.told(lost, ReportType.OUTCOME_UNKNOWN)
        await live.up(3)
        given = await live.ask(Subject.OPEN_ORDERS)
        assert [each.client_order_id for each in given.orders] == [taken]


@pytest.mark.parametrize("world", [World.spot, World.usdm])
async def test_rules_change_while_the_venue_runs(world) -> None:
    async with world() as live:
        await live.up()
        base = "/api/v3" if live.rules.holds_base else "/fapi/v1"
        await live.http("POST", "/emulator/hooks", {"hook": "mutate_rules", "symbol": "BTCUSDT", "tick": "5"})
        price = str(await live.price(0.97))
        odd, even = f"{int(float(price)) // 5 * 5 + 1}", f"{int(float(price)) // 5 * 5}"
        for at, kind in ((odd, ReportType.REJECTED), (even, ReportType.ACCEPTED)):
            await live.told(live.submit(Side.BUY, at), kind)
        told = await live.http("GET", f"{base}/exchangeInfo")
        (symbol,) = [each for each in told["symbols"] if each["symbol"] == "BTCUSDT"]
        (tick,) = [each["tickSize"] for each in symbol["filters"] if each["filterType"] == "PRICE_FILTER"]
        assert float(tick) == 5


async def test_a_crashed_venue_ends_its_sockets_and_comes_back_with_its_books() -> None:
    async with World.spot() as live:
        await live.up()
        name = live.submit(Side.BUY, await live.price(0.9))
        await live.told(name, ReportType.ACCEPTED)
        await hook(live, hook="crash", seconds=0.5)
        await live.up(2)
        given = await live.ask(Subject.OPEN_ORDERS)
        assert [each.client_order_id for each in given.orders] == [name]


async def test_a_script_given_at_the_start_is_armed() -> None:
    settings = Settings(
        synthetic=True, fault_script=read_script(b'seed = 9\n[[fault]]\nhook = "skew"\noffset_ms = 7000')
    )
    async with EmbeddedVenue(settings) as venue, aiohttp.ClientSession() as client:
        async with client.get(f"{venue.http_url}/api/v3/time") as answer:
            told_ms = (await answer.json())["serverTime"]
        assert 6_000 < told_ms - time.time_ns() // 1_000_000 <= 7_000
        async with client.get(f"{venue.http_url}/emulator/hooks") as answer:
            told = await answer.json()
        assert (told["seed"], [each["name"] for each in told["faults"]]) == (9, ["skew-1"])


def test_a_reply_is_unknown_by_default() -> None:
    assert "-1007" in Reply().body


async def test_rest_answers_fail_as_those_of_the_websocket_do() -> None:
    async with EmbeddedVenue(Settings(synthetic=True)) as venue, aiohttp.ClientSession() as client:

        async def arm(**fault: object) -> None:
            async with client.post(f"{venue.http_url}/emulator/hooks", json={"what": "GET */time", **fault}) as answer:
                assert answer.status == 200, await answer.text()

        async def read() -> tuple[int, str, str]:
            async with client.get(f"{venue.http_url}/api/v3/time") as answer:
                return answer.status, await answer.text(), answer.headers.get("Retry-After", "")

        await arm(hook="reply", place="request", status=418, body="{}", retry_after_s=7)
        assert await read() == (418, "{}", "7")
        await arm(hook="reply", status=200, body="<html>", content_type="text/html")
        assert (await read())[1] == "<html>"
        await arm(hook="truncate", keep=0.5)
        cut = (await read())[1]
        whole = (await read())[1]
        assert whole.startswith(cut[:10])
        assert len(cut) == len(whole) // 2
        await arm(hook="delay", seconds=0.2)
        began_ns = time.monotonic_ns()
        assert (await read())[0] == 200
        assert time.monotonic_ns() - began_ns > 200_000_000
        for place in ("request", "answer"):
            await arm(hook="drop", place=place)
            assert await bytes_of(venue, "/api/v3/time") == b""
        await arm(hook="crash", what="", seconds=0.5)
        await asyncio.sleep(0.1)
        assert await bytes_of(venue, "/api/v3/time") == b""
        assert (await bytes_of(venue, "/emulator/state")).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.5)
        assert (await bytes_of(venue, "/api/v3/time")).startswith(b"HTTP/1.1 200")


async def bytes_of(venue: EmbeddedVenue, path: str) -> bytes:
    """Ask once, as no client does that asks again of itself; return all that comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(venue.http_url.rsplit(":", 1)[1]))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: venue\r\nConnection: close\r\n\r\n".encode())
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()
