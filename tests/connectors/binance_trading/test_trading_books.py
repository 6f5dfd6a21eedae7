"""The order manager and the venue come to the same end: what the connector tells is all that the books need."""

import time

import pytest

from core.effects import Alert, Effect
from core.events import OrderReport, ReportType
from core.evidence import Subject
from core.instruments import Instrument
from core.orders import (
    ApprovedCancel,
    ApprovedReplace,
    ApprovedSubmit,
    OrderState,
    OrderTerms,
    OrderType,
    Side,
    TriggerBy,
)
from oms.manager import OrderManager
from tests.connectors.binance_trading.live import INDEX, Live, World
from tests.connectors.binance_trading.test_trading_usdm import mark

MONEY = 10**18


class Books:
    """An order manager that hears what the connector tells, and sends by it."""

    def __init__(self, live: Live, instrument: Instrument) -> None:
        self.live = live
        self.manager = OrderManager({"USDT": 1_000_000 * MONEY, "BTC": 100 * MONEY})
        self.manager.define(INDEX, instrument)
        self.effects: list[Effect] = []
        self._heard = 0

    def hear(self) -> None:
        """Apply what was told since last time."""
        events = self.live.events[self._heard :]
        self._heard += len(events)
        for event in events:
            if isinstance(event[5], OrderReport):
                self.manager.report(event[5], event[2], event[3], self.effects)

    def send(self, command: ApprovedSubmit | ApprovedCancel | ApprovedReplace) -> None:
        now_ns = time.time_ns()
        if isinstance(command, ApprovedSubmit):
            self.manager.submit(command, now_ns, self.effects)
        elif isinstance(command, ApprovedCancel):
            self.manager.cancel_sent(command, now_ns, self.effects)
        else:
            self.manager.replacements.sent(command, now_ns, self.effects)
        self.live.trading.send(command, now_ns)

    def replace(self, name: str, price: str, quantity: str, revision: int) -> None:
        order = self.manager.order(name)
        assert order is not None
        rules = self.live.rules
        self.send(ApprovedReplace(
            client_order_id=name, strategy_id="s", instrument=INDEX, venue_order_id=order.venue_order_id,
            revision=revision, side=Side(order.side), type=OrderType.LIMIT, price=rules.price(price),
            quantity=rules.quantity(quantity), filled=order.filled, reference_price=1, limits_version=1,
        ))  # fmt: skip

    def cancel(self, name: str, told: str) -> None:
        order = self.manager.order(name)
        assert order is not None
        self.send(ApprovedCancel(client_order_id=told, strategy_id="s", instrument=INDEX,
                                 venue_order_id=order.venue_order_id))  # fmt: skip

    async def becomes(self, name: str, *states: OrderState) -> None:
        def is_so() -> bool:
            self.hear()
            order = self.manager.order(name)
            return order is not None and order.state in states

        await self.live.until(is_so)

    def alerts(self) -> list[Alert]:
        self.hear()
        return [effect for effect in self.effects if isinstance(effect, Alert)]


@pytest.mark.parametrize("market", ["spot", "usdm"])
async def test_orders_that_are_filled_changed_and_cancelled_leave_books_and_venue_in_agreement(market):
    async with World.spot() if market == "spot" else World.usdm() as live:
        await live.up()
        books = Books(live, live.rules)
        taker = live.order(Side.BUY, quantity="0.05", kind=OrderType.MARKET)
        books.send(taker)
        await books.becomes(taker.intent.client_order_id, OrderState.FILLED)
        far = live.order(Side.BUY, await live.price(0.97), "0.02")
        name = far.intent.client_order_id
        books.send(far)
        await books.becomes(name, OrderState.ACCEPTED)
        dearer = await live.price(0.98)
        books.replace(name, dearer, "0.04", 1)
        await live.told(name, ReportType.REPLACED)
        books.hear()
        order = books.manager.order(name)
        assert order is not None
        assert (order.price, order.quantity) == (live.rules.price(dearer), live.rules.quantity("0.04"))
        books.replace(name, dearer, "0.01", 2)  # in place on both
        await live.until(lambda: len(live.reports(name, ReportType.REPLACED)) == 2)
        books.hear()
        assert order.quantity == live.rules.quantity("0.01")
        (opened,) = (await live.ask(Subject.OPEN_ORDERS)).orders
        assert (opened.price, opened.quantity) == (order.price, order.quantity)
        assert opened.venue_order_id == order.venue_order_id
        books.cancel(name, name if market == "usdm" else name + "01")
        await books.becomes(name, OrderState.CANCELLED)
        assert books.alerts() == []
        await agree(books, market)


async def agree(books: Books, market: str) -> None:
    """Compare the books with the venue's own."""
    live, manager = books.live, books.manager
    if market == "usdm":
        (position,) = (await live.ask(Subject.POSITIONS)).positions
        assert position.quantity == manager.position(INDEX).quantity
    balances = {each.currency: int(each.total) for each in (await live.ask(Subject.BALANCES)).balances}
    for currency, amount in manager.balances().items():
        if amount and (market == "spot" or currency == "USDT"):
            assert balances[currency] == amount, currency


async def test_a_conditional_order_of_usdm_is_one_order_in_the_books_from_first_to_last():
    async with World.usdm() as live:
        await live.up()
        books = Books(live, live.rules)
        stop = live.order(Side.SELL, quantity="0.01", kind=OrderType.STOP,
                          terms=OrderTerms(trigger_price=live.rules.price(await live.price(0.97))))  # fmt: skip
        name = stop.intent.client_order_id
        books.send(stop)
        await books.becomes(name, OrderState.ACCEPTED)
        books.cancel(name, name)
        await books.becomes(name, OrderState.CANCELLED)
        near = await live.price(0.99)
        terms = OrderTerms(trigger_price=live.rules.price(near), trigger_by=TriggerBy.MARK)
        triggered = live.order(Side.SELL, quantity="0.01", kind=OrderType.STOP, terms=terms)
        books.send(triggered)
        await books.becomes(triggered.intent.client_order_id, OrderState.ACCEPTED)
        mark(live, await live.price(0.985))
        await live.venue.flush()
        await books.becomes(triggered.intent.client_order_id, OrderState.FILLED)
        assert books.alerts() == []
        await agree(books, "usdm")


async def test_a_refused_replacement_ends_the_order_in_the_books_as_it_did_at_the_venue():
    async with World.spot() as live:
        await live.up()
        books = Books(live, live.rules)
        maker = live.order(Side.BUY, await live.price(0.9), "0.02", post_only=True)
        name = maker.intent.client_order_id
        books.send(maker)
        await books.becomes(name, OrderState.ACCEPTED)
        books.replace(name, await live.price(1.02), "0.02", 1)
        await books.becomes(name, OrderState.CANCELLED)
        assert (await live.ask(Subject.OPEN_ORDERS)).orders == ()
        assert books.alerts() == []
