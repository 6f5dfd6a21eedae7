"""The rarer ways through an order's life: news before answers, ends while a cancel is under way, ends in doubt."""

from core.events import LinkState, ReportType
from core.orders import OrderState, Side, TimeInForce
from tests.conformance.case import case
from tests.conformance.cases_faults import LARGE, at_the_top, resting
from tests.conformance.cases_orders import ACCEPTED, CANCELLED, EXPIRED, FILLED, PARTLY, REJECTED, far, some
from tests.conformance.floor import Floor, floor
from tests.conformance.venue import Venue

HELD = OrderState.HELD
NOTIONAL = "100000000"


async def answers_late(venue: Venue, seconds: float = 0.4) -> None:
    """Let the answers to orders come after the news, of which the first is lost."""
    await venue.hook(hook="delay", what=venue.words.submit, count=0, seconds=seconds)
    await venue.hook(hook="drop", place="event", what=venue.words.news, count=0, holding='"x":"NEW"')


async def silence(venue: Venue) -> None:
    """Let nothing be heard of orders: the venue answers that it does not know, and their news are lost."""
    await venue.hook(hook="reply", what=venue.words.submit, status=504, count=0)
    await venue.hook(hook="drop", place="event", what=venue.words.news, count=0)


def ioc(on: Floor) -> str:
    """Place an order that expires at once."""
    name = on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97), time_in_force=TimeInForce.IOC))
    return str(name)


@case(24, "F04")
async def part_filled_before_the_answer(venue: Venue) -> None:
    """A part that trades before the order was acknowledged is booked."""
    async with floor(venue) as on:
        await answers_late(venue)
        name = on.ask(lambda me, market: me.buy(market, some(on, 2_000), on.touched.ask))
        await on.state(name, PARTLY)


@case(25, "F04", "F16")
async def ended_before_the_answer(venue: Venue) -> None:
    """An order whose end is told before its acknowledgement has ended, and the late answer does not revive it."""
    async with floor(venue) as on:
        await answers_late(venue)
        expired = ioc(on)
        await on.state(expired, EXPIRED)
        cancelled = on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97)))
        await on.until(lambda: on.was(cancelled, ReportType.ACCEPTED) == 0)
        await venue.cancel_by_hand(cancelled)
        await on.state(cancelled, CANCELLED)


@case(26, "F08")
async def cancel_before_the_answer(venue: Venue) -> None:
    """A cancel may follow its order at once: the order is cancelled, or it ends in the way that it does anyway."""
    async with floor(venue) as on:

        def both(me, market, **terms):
            name = me.buy(market, some(on), **terms)
            me.cancel(name)
            return name

        await venue.hook(hook="delay", what=venue.words.cancel, count=0, seconds=0.2)
        await on.state(on.ask(lambda me, market: both(me, market, price=far(on, 0.97))), CANCELLED)
        await on.state(on.ask(both), FILLED)
        immediate = {"price": far(on, 0.97), "time_in_force": TimeInForce.IOC}
        await on.state(on.ask(lambda me, market: both(me, market, **immediate)), EXPIRED)
        await venue.hook(hook="mutate_rules", symbol=venue.rules.symbol, min_notional=NOTIONAL)
        await on.state(on.ask(lambda me, market: both(me, market, price=far(on, 0.97))), REJECTED)


@case(27, "F12", "F16")
async def end_a_part_unasked(venue: Venue) -> None:
    """An order that has traded in part and that somebody else cancels keeps what it traded."""
    async with floor(venue) as on:
        name = await at_the_top(on, LARGE)
        filled = on.order(name).filled
        await venue.cancel_by_hand(name)
        await on.state(name, CANCELLED)
        assert on.order(name).filled >= filled > 0


@case(28, "F01", "F04")
async def filled_in_doubt(venue: Venue) -> None:
    """Executions that are told of orders in doubt end the doubt, and are booked, whole or in part."""
    async with floor(venue) as on:
        await venue.hook(hook="reply", what=venue.words.submit, status=504, count=0)
        await venue.hook(hook="drop", place="event", what=venue.words.news, count=0, holding='"x":"NEW"')
        await venue.hook(hook="delay", place="event", what=venue.words.trade, count=0, seconds=0.2)
        whole = on.ask(lambda me, market: me.buy(market, some(on)))
        part = on.ask(lambda me, market: me.buy(market, some(on, 2_000), on.touched.ask))
        await on.state(whole, FILLED)
        await on.until(lambda: on.order(part).filled)


@case(29, "F01", "F16")
async def ended_in_doubt(venue: Venue) -> None:
    """Orders of which nothing was heard, and which have ended, are found to have ended, each in its way."""
    async with floor(venue) as on:
        await silence(venue)
        expired = ioc(on)
        cancelled = on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97)))
        await on.reported(expired, ReportType.OUTCOME_UNKNOWN)
        await venue.cancel_by_hand(cancelled)
        await on.state(expired, EXPIRED, within_s=15)
        await on.state(cancelled, CANCELLED, within_s=15)


@case(30)
async def trailing_stop_limit(venue: Venue) -> None:
    """A trailing stop with a limit, at the venue or kept by tickerd, waits and is cancelled."""
    async with floor(venue) as on:
        name = on.ask(lambda me, market: me.trail(market, Side.SELL, some(on), ppm=20_000, limit_offset=100))
        await on.state(name, ACCEPTED, HELD)
        on.ask(lambda me, market: me.cancel(name))
        await on.state(name, CANCELLED)


@case(31, "F08", "F09")
async def cancel_refused(venue: Venue) -> None:
    """An order whose cancel is refused works on, is asked for, and can be cancelled again."""
    async with floor(venue) as on:
        name = on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97)))
        await on.state(name, ACCEPTED)
        refused = '{"code":-2011,"msg":"Unknown order sent."}'
        await venue.hook(hook="reply", place="request", what=venue.words.cancel, status=400, body=refused)
        on.ask(lambda me, market: me.cancel(name))
        await on.reported(name, ReportType.CANCEL_REJECTED)
        await on.state(name, ACCEPTED)
        on.ask(lambda me, market: me.cancel(name))
        await on.state(name, CANCELLED)


async def cancel_in_a_silence(on: Floor, names: list[str]) -> int:
    """Cancel orders while the venue wants silence, and return how many requests were for several.

    There may be some for one as well: evidence that is older than they are has those that it shows cancelled again.
    """
    venue = on.venue
    many = await venue.hook(hook="delay", place="request", what=venue.words.cancel_many, count=0, seconds=0.001)
    await venue.hook(
        hook="reply", place="request", what=venue.words.query, status=429, retry_after_s=1,
        body='{"code":-1003,"msg":"Too many requests."}',
    )  # fmt: skip
    await on.until(lambda: LinkState.LIMITED in on.links(), 15)
    on.ask(lambda me, market: [me.cancel(name) for name in names])
    for name in names:
        await on.state(name, CANCELLED, within_s=15)
    return await venue.fired(many)


@case(32, "F36")
async def cancel_together(venue: Venue) -> None:
    """Cancels that had to wait leave as one request where they are for all that works there, and end each order."""
    async with floor(venue) as on:
        names = [await resting(on, times=0.97 - place / 100) for place in range(3)]
        assert await cancel_in_a_silence(on, names) >= 1


@case(33, "F19", "F36")
async def cancel_beside_a_stranger(venue: Venue) -> None:
    """Cancels that had to wait, however they leave, never take a person's order along."""
    async with floor(venue) as on:
        names = [await resting(on, times=0.97 - place / 100) for place in range(2)]
        on.foreign.append(await venue.human(Side.BUY, some(on), far(on, 0.96)))
        await on.until(lambda: on.engine.gate.freezes.halted, 15)
        await cancel_in_a_silence(on, names)
        ledger = await venue.ledger()
        assert [leg.is_open for leg in ledger.orders if leg.client_order_id in on.foreign] == [True]
