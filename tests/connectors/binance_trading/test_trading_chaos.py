"""Seeded bad days: messages lost, doubled, held back and cut off while orders come, change and go.

The venue's ledger is the oracle: whatever was told agrees with it, and nothing is there that was not asked for once.
"""

import asyncio

import pytest

from core.events import LinkState, OrderReport, ReportType
from core.evidence import Subject
from core.orders import OrderType, Side, TimeInForce
from core.rng import Rng
from tests.connectors.binance_trading.live import Live, World

STEPS = 60
ENDS = {"CANCELED": {ReportType.CANCELLED}, "EXPIRED": {ReportType.EXPIRED}, "FILLED": set(), "NEW": set(),
        "PARTIALLY_FILLED": set()}  # fmt: skip
ENDING = {ReportType.CANCELLED, ReportType.EXPIRED, ReportType.REJECTED}


class Weather:
    """What happens to messages on their way to the client."""

    def __init__(self, rng: Rng) -> None:
        self.rng = rng
        self.held: list[str] = []
        self.is_bad = True

    def bend(self, text: str) -> list[str]:
        if not self.is_bad or ("subscriptionId" in text and '"result"' in text):  # logging on is another test's matter
            out, self.held = [*self.held, text], []
            return out
        draw = self.rng.below(100)
        if draw < 8:
            return []
        if draw < 18:
            return [text, text]
        if draw < 30:
            self.held.append(text)
            return []
        out, self.held = [text, *self.held], []
        return out


async def live_through(live: Live, rng: Rng, weather: Weather) -> list[str]:
    """Send orders, changes and cancels at random; return the names of the orders."""
    names: list[str] = []
    revisions: dict[str, int] = {}
    price, decimals = float(await live.price(1.0)), live.rules.price_precision
    for _ in range(STEPS):
        draw = rng.below(100)
        at = f"{price * (0.96 + rng.below(35) / 1000):.{decimals}f}"
        if draw < 45 or not names:
            names.append(live.submit(Side.BUY, at, "0.02"))
        elif draw < 55:
            names.append(live.submit(Side.BUY if rng.below(2) else Side.SELL, quantity="0.01", kind=OrderType.MARKET))
        elif draw < 60:
            names.append(live.submit(Side.BUY, f"{price * 1.01:.{decimals}f}", "0.01", tif=TimeInForce.IOC))
        elif draw < 80:
            live.cancel(names[rng.below(len(names))])
        else:
            name = names[rng.below(len(names))]
            revisions[name] = revisions.get(name, 0) + 1
            live.replace(name, at, "0.02", revision=revisions[name])
        if rng.below(100) < 4:
            await live.proxy.cut()
        await asyncio.sleep(rng.below(20) / 1000)
    weather.is_bad = False
    await live.until(lambda: live.links()[-1] is LinkState.UP and not live.trading._session.desk.has_open_calls, 10.0)
    return names


def name_of(client_order_id: str) -> str:
    """Return our name for an order, also where it was renamed as it was cancelled: ids have 15 or 17 characters."""
    return client_order_id[:-1] if len(client_order_id) % 2 == 0 else client_order_id


async def compare(live: Live, names: list[str], market: str) -> None:
    """Hold what was told to the venue's ledger."""
    ledger = await live.http("GET", "/emulator/ledger")
    account = ledger[market]["accounts"]["trader"]  # type: ignore[index]
    orders = {name_of(each["clientOrderId"]): each for each in account["orders"]}
    assert len(orders) == len(account["orders"]), "an order was placed twice"
    assert {each[:15] for each in orders} <= set(names), "an order that nobody asked for"
    told: dict[str, list[OrderReport]] = {}
    for event in live.events:
        if isinstance(event[5], OrderReport):
            told.setdefault(event[5].client_order_id, []).append(event[5])
    for name in names:
        assert name in told, f"{name} was never answered"
    for name, reports in told.items():
        kinds = {each.type for each in reports}
        order = orders.get(name)
        if order is None:
            assert not kinds & {ReportType.ACCEPTED, ReportType.FILLED, ReportType.REPLACED, ReportType.EXPIRED}, name
            continue
        assert ReportType.REJECTED not in kinds, f"{name} is in the ledger and was called rejected"
        assert kinds & ENDING <= ENDS[order["status"]], f"{name} is {order['status']} and was told {kinds}"
        assert all(each.venue_order_id in {"", str(order["orderId"])} for each in reports)
    numbers = {str(each["orderId"]): name for name, each in orders.items()}
    venue = {(numbers[str(each["orderId"])], str(each["id"])) for each in account["executions"]}
    heard = {
        (name, each.exec_id) for name, reports in told.items() for each in reports if each.type is ReportType.FILLED
    }
    assert heard <= venue
    evidence = await live.ask(Subject.FILLS)
    assert evidence.complete
    assert {(numbers[each.venue_order_id], each.exec_id) for each in evidence.fills} == venue
    opened = (await live.ask(Subject.OPEN_ORDERS)).orders
    assert {each.client_order_id for each in opened} == {n for n, o in orders.items() if o["status"] == "NEW"}


async def one_day(market: str, seed: int) -> None:
    rng = Rng(seed)
    world = World.spot if market == "spot" else World.usdm
    async with world(bent=True, answer_timeout_s=0.4, limit_scale=20) as live:
        await live.up()
        weather = Weather(rng)
        live.proxy.to_client = weather.bend
        names = await live_through(live, rng, weather)
        await compare(live, names, market)


async def test_on_a_bad_day_what_is_told_agrees_with_the_venues_ledger():
    await one_day("spot", 1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 26))
@pytest.mark.parametrize("market", ["spot", "usdm"])
async def test_on_many_bad_days_what_is_told_agrees_with_the_venues_ledger(market, seed):
    await one_day(market, seed)
