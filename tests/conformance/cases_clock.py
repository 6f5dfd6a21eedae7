"""Time: what is believed of clocks, and requests that take effect late (F13, F37, F62)."""

from core.events import ClockMeasured, LinkState, OrderReport
from tests.conformance.case import case
from tests.conformance.cases_faults import resting
from tests.conformance.cases_orders import ACCEPTED, CANCELLED, REJECTED, far, some
from tests.conformance.floor import Floor, floor
from tests.conformance.venue import Venue


async def refused(on: Floor, about: str) -> None:
    """An order that would open is refused for a reason that names the clock; it never leaves."""
    name = on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97)))
    await on.state(name, REJECTED)
    told = [each for each in on.heard if isinstance(each, OrderReport) and each.client_order_id == name]
    assert about in told[-1].reason


@case(160, "F37", "F62", slow=True)
async def clock_not_measured(venue: Venue) -> None:
    """A measure of the venue's clock that is too old is not believed: nothing opens, cancels go, until the next."""
    async with floor(venue, clock_every_s=0.3, clock_age_max_s=1.0) as on:
        name = await resting(on)
        await venue.hook(hook="reply", place="request", what="GET */time", status=503, count=0)
        await on.until(lambda: on.connector.stats.clock_doubt, 15)
        await refused(on, "last measured")
        on.ask(lambda me, market: me.cancel(name))
        await on.state(name, CANCELLED)
        await venue.clear()
        await on.until(lambda: not on.connector.stats.clock_doubt, 15)
        await resting(on)


@case(161, "F37", "F62")
async def clock_jumped(venue: Venue) -> None:
    """After this machine's clock jumped nothing opens before books and the venue's clock agree; a person is told."""
    async with floor(venue, clock_every_s=30.0) as on:
        name = await resting(on)
        await venue.hook(hook="reply", place="request", what="GET */time", status=503, count=0)
        venue.turn_clock(3600)
        await on.until(lambda: on.connector.stats.clock_doubt)
        assert on.alerts().count("CLOCK_JUMPED") == 1
        # It may have slept: its connections are made anew, and what it knows is compared.
        await on.until(lambda: LinkState.DOWN in on.links() and on.engine.reconciled, 15)
        jumps = [each for each in on.heard if isinstance(each, ClockMeasured) and each.jumped_ns]
        assert [each.jumped_ns // 10**9 for each in jumps] in ([3600], [3599])
        await refused(on, "jumped")
        on.ask(lambda me, market: me.cancel(name))
        await on.state(name, CANCELLED)
        await venue.clear()
        await on.until(lambda: not on.connector.stats.clock_doubt, 15)
        await resting(on)


@case(162, "F13", slow=True)
async def late_replacement(venue: Venue) -> None:
    """A replacement that takes effect after it was given up is what works, here as there, and a person is told."""
    async with floor(venue) as on:
        name = await resting(on)
        await venue.hook(hook="delay", place="request", what=venue.words.replace, seconds=3.5)
        await venue.hook(hook="drop", place="event", what=venue.words.news, count=2)
        price, quantity = far(on, 0.96), 2 * some(on)
        on.ask(lambda me, market: me.replace(name, price=price, quantity=quantity))
        await on.until(lambda: (chain := on.order(name).chain) is not None and chain.pending is None, 15)
        assert on.order(name).price != price
        await on.until(lambda: on.order(name).price == price and on.order(name).state is ACCEPTED, 20)
        assert "TERMS_DIFFERED" in on.alerts()
        (works,) = [each for each in (await venue.ledger()).orders if each.is_open]
        assert works.quantity == on.order(name).leaves == quantity
