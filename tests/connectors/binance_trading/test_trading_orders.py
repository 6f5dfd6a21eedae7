"""Orders of a spot account on the embedded venue, over real sockets."""

import base64
import functools
import time

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from connectors.binance.trading.credentials import Credentials
from connectors.embedded.exchange.members import Member
from core.events import LinkState, ReportType
from core.evidence import Subject, VenueOrderStatus
from core.orders import ApprovedGroup, Contingency, Liquidity, OrderTerms, OrderType, Side, TimeInForce
from tests.connectors.binance_trading.live import BALANCES, KEY, SECRET, World

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC_PEM = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
SEED = base64.b64encode(bytes(range(32))).decode()
PEM = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

ED25519 = Member(name="trader", key=KEY, public_key=PUBLIC_PEM, balances=BALANCES)
WAYS = [
    pytest.param(Credentials(KEY, hmac_secret=SECRET), None, id="hmac"),
    pytest.param(Credentials(KEY, ed25519=SEED), ED25519, id="ed25519-seed"),
    pytest.param(Credentials(KEY, ed25519=PEM), ED25519, id="ed25519-pem"),
]


@pytest.mark.parametrize(("credentials", "member"), WAYS)
async def test_an_order_is_placed_seen_as_open_and_cancelled_with_either_kind_of_key(credentials, member):
    async with World.spot(credentials, member) as live:
        await live.up()
        name = live.submit(Side.BUY, await live.price(0.9))
        accepted = await live.told(name, ReportType.ACCEPTED)
        (order,) = (await live.ask(Subject.OPEN_ORDERS)).orders
        assert (order.client_order_id, order.venue_order_id) == (name, accepted.venue_order_id)
        assert order.status is VenueOrderStatus.WORKING
        live.cancel(name, accepted.venue_order_id)
        await live.told(name, ReportType.CANCELLED)
        assert [each.type for each in live.reports(name)] == [ReportType.ACCEPTED, ReportType.CANCELLED]
        assert (await live.ask(Subject.OPEN_ORDERS)).orders == ()
        assert live.trading.stats.fallbacks == 0


async def test_a_market_order_is_filled_once_and_the_venue_gives_the_same_execution_as_evidence():
    async with World.spot() as live:
        await live.up()
        name = live.submit(Side.BUY, quantity="0.01", kind=OrderType.MARKET)
        filled = await live.told(name, ReportType.FILLED)
        (fill,) = (await live.ask(Subject.FILLS)).fills
        assert (fill.exec_id, fill.price, fill.quantity, fill.fee, fill.fee_currency) == (
            filled.exec_id, filled.price, filled.quantity, filled.fee, filled.fee_currency,
        )  # fmt: skip
        assert filled.liquidity is Liquidity.TAKER
        assert filled.quantity == live.rules.quantity("0.01")
        given = await live.ask(Subject.ORDER, client_order_id=name)
        assert given.orders[0].status is VenueOrderStatus.FILLED
        assert given.fills == (msgspec.structs.replace(fill, client_order_id=name),)
        balances = {each.currency: int(each.total) for each in (await live.ask(Subject.BALANCES)).balances}
        assert balances["BTC"] == (100 * 10**18) + 10**16 - int(filled.fee)


async def test_a_cancelled_order_is_still_found_by_its_name_and_one_that_never_was_is_absent():
    async with World.spot() as live:
        await live.up()
        name = live.submit(Side.BUY, await live.price(0.9))
        await live.told(name, ReportType.ACCEPTED)
        live.cancel(name)
        await live.told(name, ReportType.CANCELLED)
        given = await live.ask(Subject.ORDER, client_order_id=name)
        assert [each.status for each in given.orders] == [VenueOrderStatus.CANCELLED]
        assert not given.absent
        given = await live.ask(Subject.ORDER, client_order_id=live.name())
        assert given.absent
        assert given.complete


async def test_what_breaks_a_filter_or_the_book_is_rejected_with_the_venues_words():
    async with World.spot() as live:
        await live.up()
        taking = live.submit(Side.BUY, await live.price(1.01), post_only=True)
        assert "immediately match and take" in (await live.told(taking, ReportType.REJECTED)).reason
        far = live.submit(Side.BUY, await live.price(0.01))
        assert "PERCENT_PRICE" in (await live.told(far, ReportType.REJECTED)).reason
        dear = live.submit(Side.BUY, await live.price(0.9), quantity="100")
        assert "insufficient balance" in (await live.told(dear, ReportType.REJECTED)).reason
        foreign = live.name()
        live.cancel(foreign, "987654")
        assert "Unknown order" in (await live.told(foreign, ReportType.CANCEL_REJECTED)).reason


async def test_an_order_that_does_not_fill_at_once_expires_as_it_was_asked_to():
    async with World.spot() as live:
        await live.up()
        for tif in (TimeInForce.IOC, TimeInForce.FOK):
            name = live.submit(Side.BUY, await live.price(0.9), tif=tif)
            await live.told(name, ReportType.EXPIRED)


async def test_stops_wait_at_the_venue_and_icebergs_show_a_part():
    async with World.spot() as live:
        await live.up()
        above = live.rules.price(await live.price(1.05))
        stop = live.submit(Side.BUY, kind=OrderType.STOP, terms=OrderTerms(trigger_price=above))
        await live.told(stop, ReportType.ACCEPTED)
        limit = live.submit(
            Side.BUY, await live.price(1.06), kind=OrderType.STOP_LIMIT, terms=OrderTerms(trigger_price=above)
        )
        await live.told(limit, ReportType.ACCEPTED)
        touched = live.submit(
            Side.SELL, await live.price(1.06), kind=OrderType.LIMIT_IF_TOUCHED, terms=OrderTerms(trigger_price=above)
        )
        await live.told(touched, ReportType.ACCEPTED)
        trail = live.submit(Side.SELL, kind=OrderType.TRAILING_STOP, terms=OrderTerms(trail_ppm=20_000))
        await live.told(trail, ReportType.ACCEPTED)
        shown = OrderTerms(display_quantity=live.rules.quantity("0.01"))
        iceberg = live.submit(Side.BUY, await live.price(0.9), quantity="0.05", terms=shown)
        await live.told(iceberg, ReportType.ACCEPTED)
        assert len((await live.ask(Subject.OPEN_ORDERS)).orders) == 5
        hidden = live.submit(Side.BUY, await live.price(0.9), terms=OrderTerms(hidden=True))
        assert "hidden" in (await live.told(hidden, ReportType.REJECTED)).reason


async def test_a_replacement_makes_a_new_order_under_the_revisions_name():
    async with World.spot() as live:
        await live.up()
        name = live.submit(Side.BUY, await live.price(0.9), "0.02")
        first = await live.told(name, ReportType.ACCEPTED)
        dearer = await live.price(0.91)
        live.replace(name, dearer, "0.03", revision=1)
        replaced = await live.told(name, ReportType.REPLACED)
        assert replaced.client_order_id == name + "01"
        assert replaced.venue_order_id != first.venue_order_id
        assert (replaced.price, replaced.quantity) == (live.rules.price(dearer), live.rules.quantity("0.03"))
        live.cancel(name + "01", replaced.venue_order_id)
        await live.told(name + "01", ReportType.CANCELLED)
        kinds = [each.type for each in live.reports(name)]
        assert kinds.count(ReportType.REPLACED) == 1
        assert ReportType.OUTCOME_UNKNOWN not in kinds


async def test_quantity_comes_off_in_place_and_the_order_keeps_its_number():
    async with World.spot() as live:
        await live.up()
        price = await live.price(0.9)
        name = live.submit(Side.BUY, price, "0.05")
        first = await live.told(name, ReportType.ACCEPTED)
        live.replace(name, price, "0.02")
        replaced = await live.told(name, ReportType.REPLACED)
        assert (replaced.client_order_id, replaced.venue_order_id) == (name, first.venue_order_id)
        assert replaced.quantity == live.rules.quantity("0.02")
        (order,) = (await live.ask(Subject.OPEN_ORDERS)).orders
        assert (order.venue_order_id, order.quantity) == (first.venue_order_id, live.rules.quantity("0.02"))


async def test_a_replacement_that_the_venue_refuses_leaves_no_order_unaccounted_for():
    async with World.spot() as live:
        await live.up()
        name = live.submit(Side.BUY, await live.price(0.9), "0.02", post_only=True)
        await live.told(name, ReportType.ACCEPTED)
        live.replace(name, await live.price(1.02), "0.02")  # would take: the old one is cancelled, the new one refused
        refused = await live.told(name, ReportType.REPLACE_REJECTED)
        assert "immediately match" in refused.reason
        await live.told(name, ReportType.CANCELLED)
        assert (await live.ask(Subject.OPEN_ORDERS)).orders == ()
        live.replace(name, await live.price(0.9), "0.02", revision=2)  # of an order that is over
        await live.until(lambda: len(live.reports(name, ReportType.REPLACE_REJECTED)) == 2)


async def test_lists_are_placed_as_the_venue_has_them():
    async with World.spot() as live:
        await live.up()
        high, low = live.rules.price(await live.price(1.05)), live.rules.price(await live.price(0.95))
        stop = OrderTerms(trigger_price=low)

        def send(contingency: Contingency, *orders: object) -> list[str]:
            group = ApprovedGroup(group="g", contingency=contingency, orders=orders)  # type: ignore[arg-type]
            live.trading.send(group, time.time_ns())
            return [each.intent.client_order_id for each in group.orders]

        take_profit = live.order(Side.SELL, live.rules.price_text(high), "0.01")
        stop_loss = live.order(Side.SELL, quantity="0.01", kind=OrderType.STOP, terms=stop)
        for name in send(Contingency.OCO, take_profit, stop_loss):
            await live.told(name, ReportType.ACCEPTED)
        working = live.order(Side.BUY, await live.price(0.9), "0.01")
        for name in send(Contingency.OTO, working, live.order(Side.SELL, live.rules.price_text(high), "0.01")):
            await live.told(name, ReportType.ACCEPTED)
        bracket = [
            live.order(Side.BUY, await live.price(0.9), "0.01"),
            live.order(Side.SELL, live.rules.price_text(high), "0.01"),
            live.order(Side.SELL, quantity="0.01", kind=OrderType.STOP, terms=stop),
        ]
        names = send(Contingency.OTO, *bracket)
        for name in names:
            await live.told(name, ReportType.ACCEPTED)
        assert len((await live.ask(Subject.OPEN_ORDERS)).orders) == 7
        live.cancel(names[0])
        over = {ReportType.CANCELLED, ReportType.EXPIRED}
        for name in names:
            await live.until(functools.partial(lambda name: over & {each.type for each in live.reports(name)}, name))
        odd = send(Contingency.OUO, working, take_profit)
        assert "no list" in (await live.told(odd[0], ReportType.REJECTED)).reason


async def test_the_link_is_told_before_the_first_report():
    async with World.spot() as live:
        await live.up()
        assert live.links() == [LinkState.UP]
