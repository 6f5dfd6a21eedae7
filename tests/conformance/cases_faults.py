"""The faults F01 to F23 and F32 to F40 of the catalogue, as far as a connector, or connector and core, answer for them.

`table.py` tells where the others are proved.
"""

import asyncio

from core.effects import OrderFilled
from core.events import LinkState, ReportType
from core.orders import ApprovedSubmit, OrderState, Side
from oms.reconcile import ForeignPolicy
from tests.conformance.case import case
from tests.conformance.cases_orders import ACCEPTED, CANCELLED, FILLED, PARTLY, REJECTED, far, some
from tests.conformance.floor import Floor, floor
from tests.conformance.venue import Venue

NEVER = OrderState.NEVER_ARRIVED


async def resting(on: Floor, quantity: int = 0, times: float = 0.97) -> str:
    """Return an order that rests at the venue."""
    name = on.ask(lambda me, market: me.buy(market, quantity or some(on), far(on, times)))
    await on.state(name, ACCEPTED)
    return str(name)


LARGE = 8_000


async def at_the_top(on: Floor, share: int = 2_000) -> str:
    """Return an order that has traded in part and is now the best bid; a `LARGE` one is not finished soon."""
    name = on.ask(lambda me, market: me.buy(market, some(on, share), on.touched.ask))
    await on.state(name, PARTLY)
    return str(name)


@case(101, "F01")
async def lose_the_answer(venue: Venue) -> None:
    """An order that was accepted, and whose answer and news are lost, is UNKNOWN, then found, and never sent again."""
    async with floor(venue) as on:
        await venue.hook(hook="drop", place="answer", what=venue.words.submit)
        await venue.hook(hook="drop", place="event", what=venue.words.news)
        name = on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97)))
        await on.reported(name, ReportType.OUTCOME_UNKNOWN)
        await on.state(name, ACCEPTED)
        assert len(on.sent(ApprovedSubmit)) == 1


@case(102, "F01", "F03", slow=True)
async def lose_the_request(venue: Venue) -> None:
    """An order that never reached the venue is UNKNOWN until repeated evidence says that it never arrived."""
    async with floor(venue) as on:
        await venue.hook(hook="drop", place="request", what=venue.words.submit)
        name = on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97)))
        await on.reported(name, ReportType.OUTCOME_UNKNOWN)
        await on.state(name, NEVER, within_s=15)


@case(103, "F01")
async def answer_unknown(venue: Venue) -> None:
    """The venue's own "status unknown" (-1007) after it accepted is no rejection."""
    async with floor(venue) as on:
        await venue.hook(hook="drop", place="event", what=venue.words.news)
        await venue.hook(hook="reply", what=venue.words.submit, status=504)
        name = on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97)))
        await on.reported(name, ReportType.OUTCOME_UNKNOWN)
        await on.state(name, ACCEPTED)


@case(104, "F02", slow=True)
async def answer_late(venue: Venue) -> None:
    """An acceptance that comes by the stream, and an answer after its deadline, leave one order."""
    async with floor(venue) as on:
        await venue.hook(hook="delay", what=venue.words.submit, seconds=0.8)
        name = await resting(on)
        await asyncio.sleep(1.0)
        assert on.order(name).state is ACCEPTED
        assert len(on.sent(ApprovedSubmit)) == 1


@case(105, "F03", slow=True)
async def lag_behind(venue: Venue) -> None:
    """An order that a lagging replica does not know yet is not believed never to have arrived."""
    async with floor(venue) as on:
        await venue.hook(hook="drop", place="answer", what=venue.words.submit)
        await venue.hook(hook="drop", place="event", what=venue.words.news)
        lagging = await venue.hook(hook="forget", lag_s=1.2, what=venue.words.query)
        name = on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97)))
        await on.reported(name, ReportType.OUTCOME_UNKNOWN)
        await on.state(name, ACCEPTED)
        assert await venue.fired(lagging)
        assert NEVER not in [each.state for each in on.engine.manager.closed_orders()]


@case(106, "F04", "F15")
async def fill_first(venue: Venue) -> None:
    """Fills that come before the acknowledgement are booked."""
    async with floor(venue) as on:
        await venue.hook(hook="delay", what=venue.words.submit, seconds=0.3)
        await venue.hook(hook="drop", place="event", what=venue.words.news, holding='"x":"NEW"')
        name = on.ask(lambda me, market: me.buy(market, some(on)))
        await on.state(name, FILLED)


@case(107, "F05")
async def fill_twice(venue: Venue) -> None:
    """A fill that is told twice is booked once."""
    async with floor(venue) as on:
        name = await at_the_top(on)
        twice = await venue.hook(hook="dup", place="event", what=venue.words.trade, count=0, seconds=0.2)
        await venue.other(Side.SELL, some(on, 4_000), on.touched.ask)
        await on.state(name, FILLED)
        await asyncio.sleep(0.4)
        assert await venue.fired(twice)
        assert sum(each.quantity for each in on.sent(OrderFilled)) == some(on, 2_000)


@case(108, "F05", "F11", slow=True)
async def fill_in_an_outage(venue: Venue) -> None:
    """Fills while the venue is unreachable are found when it is back, each once."""
    async with floor(venue) as on:
        name = await at_the_top(on)
        before = on.links().count(LinkState.UP)
        await venue.hook(hook="drop", place="event", what=venue.words.trade, count=0, for_s=1.5)
        await venue.hook(hook="crash", seconds=0.7, after_s=0.3)
        await venue.other(Side.SELL, some(on, 4_000), on.touched.ask)
        await on.until(lambda: on.links().count(LinkState.UP) > before, 15)
        await on.state(name, FILLED)


@case(109, "F07")
async def fill_after_cancelled(venue: Venue) -> None:
    """A fill that is told after the cancellation is booked all the same."""
    async with floor(venue) as on:
        name = await at_the_top(on, LARGE)
        await venue.hook(hook="delay", place="event", what=venue.words.trade, count=0, seconds=0.7)
        await venue.other(Side.SELL, some(on, 10), on.touched.ask)
        on.ask(lambda me, market: me.cancel(name))
        await on.state(name, CANCELLED)


@case(110, "F08")
async def cancel_what_was_filled(venue: Venue) -> None:
    """A cancel that is refused because the order was filled meanwhile ends in the fill, not in a lost order."""
    async with floor(venue) as on:
        name = await at_the_top(on)
        await venue.hook(hook="delay", place="event", what=venue.words.trade, count=0, seconds=0.6)
        await venue.other(Side.SELL, some(on, 4_000), on.touched.ask)
        on.ask(lambda me, market: me.cancel(name))
        await on.state(name, FILLED)


@case(111, "F09")
async def lose_the_cancel(venue: Venue) -> None:
    """A cancel that never reached the venue is sent again once evidence shows the order alive."""
    async with floor(venue) as on:
        name = await resting(on)
        await venue.hook(hook="drop", place="request", what=venue.words.cancel)
        on.ask(lambda me, market: me.cancel(name))
        await on.state(name, CANCELLED, within_s=15)


@case(112, "F09")
async def lose_the_cancels_answer(venue: Venue) -> None:
    """A cancel whose answer and news are lost is found to have worked."""
    async with floor(venue) as on:
        name = await resting(on)
        await venue.hook(hook="drop", place="answer", what=venue.words.cancel)
        await venue.hook(hook="drop", place="event", what=venue.words.news)
        on.ask(lambda me, market: me.cancel(name))
        await on.state(name, CANCELLED, within_s=15)


@case(113, "F10")
async def lose_a_fill(venue: Venue) -> None:
    """A fill that the stream never tells is found by the sweep while the order works."""
    async with floor(venue) as on:
        name = await at_the_top(on, LARGE)
        before = on.order(name).filled
        lost = await venue.hook(hook="drop", place="event", what=venue.words.trade, count=0)
        await venue.other(Side.SELL, some(on, 10), on.touched.ask)
        await on.until(lambda: on.order(name).filled > before, 15)
        assert await venue.fired(lost)


@case(114, "F13")
async def fill_while_replacing(venue: Venue) -> None:
    """A fill between a replacement's sending and its answer is counted; the order never fills beyond its quantity."""
    async with floor(venue) as on:
        name = await at_the_top(on, LARGE)
        await venue.hook(hook="delay", place="request", what=venue.words.replace, seconds=0.3)
        on.ask(lambda me, market: me.replace(name, quantity=some(on, 7_900)))
        await venue.other(Side.SELL, some(on, 10), on.touched.ask)
        await on.until(lambda: on.order(name).state in (PARTLY, FILLED) and on.order(name).quantity == some(on, 7_900))
        assert on.order(name).filled <= some(on, 7_900)


@case(115, "F13")
async def lose_the_replacements_answer(venue: Venue) -> None:
    """A replacement whose answer and news are lost leaves one live order, and tickerd knows which."""
    async with floor(venue) as on:
        name = await resting(on, some(on, 3))
        await venue.hook(hook="drop", place="answer", what=venue.words.replace)
        await venue.hook(hook="drop", place="event", what=venue.words.news, count=2)
        on.ask(lambda me, market: me.replace(name, price=far(on, 0.98)))
        await on.until(lambda: on.order(name).state is ACCEPTED and on.order(name).price == far(on, 0.98), 15)


@case(116, "F16")
async def end_unasked(venue: Venue) -> None:
    """An order that somebody else cancels is cancelled here."""
    async with floor(venue) as on:
        name = await resting(on)
        await venue.cancel_by_hand(name)
        await on.state(name, CANCELLED)


@case(117, "F18", slow=True)
async def evidence_first(venue: Venue) -> None:
    """A fill that evidence tells before the stream does is booked once."""
    async with floor(venue) as on:
        name = await at_the_top(on, LARGE)
        await venue.hook(hook="delay", place="event", what=venue.words.trade, count=0, seconds=3.0)
        await venue.other(Side.SELL, some(on, 10), on.touched.ask)
        before = on.order(name).filled
        await on.until(lambda: on.order(name).filled > before)
        await asyncio.sleep(2.5)


@case(118, "F19", slow=True)
async def meet_a_stranger(venue: Venue) -> None:
    """A person's order on the account halts opening, where the policy says so, and is never cancelled."""
    async with floor(venue) as on:
        on.foreign.append(await venue.human(Side.BUY, some(on), far(on, 0.97)))
        await on.until(lambda: on.engine.gate.freezes.halted, 15)
        sent = len(on.sent(ApprovedSubmit))
        on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97)))
        assert len(on.sent(ApprovedSubmit)) == sent
        ledger = await venue.ledger()
        assert [leg.is_open for leg in ledger.orders if leg.client_order_id in on.foreign] == [True]


@case(119, "F19")
async def ignore_a_stranger(venue: Venue) -> None:
    """Where the policy is to ignore, trading goes on beside a person's order."""
    async with floor(venue, ForeignPolicy.IGNORE) as on:
        on.foreign.append(await venue.human(Side.BUY, some(on), far(on, 0.97)))
        await asyncio.sleep(0.3)
        await resting(on)


@case(120, "F20")
async def balances_late(venue: Venue) -> None:
    """Balances that come late do not stop trading, nor change what was booked."""
    async with floor(venue) as on:
        await venue.hook(hook="delay", place="event", what=venue.words.balances, count=0, seconds=1.0)
        for _ in range(3):
            await on.state(on.ask(lambda me, market: me.buy(market, some(on))), FILLED)
        assert on.engine.manager.position(0).quantity == some(on, 3)


@case(121, "F21")
async def rules_change(venue: Venue) -> None:
    """After the venue's tick changed, orders off it are rejected, and those on it are taken."""
    async with floor(venue) as on:
        coarse = venue.rules.tick * 1_000
        text = venue.rules.price_text(coarse)
        await venue.hook(hook="mutate_rules", symbol=venue.rules.symbol, tick=text)
        whole = far(on, 0.97) // coarse * coarse
        off = on.ask(lambda me, market: me.buy(market, some(on), whole + venue.rules.tick))
        await on.state(off, REJECTED)
        await on.state(on.ask(lambda me, market: me.buy(market, some(on), whole)), ACCEPTED)


@case(122, "F22", needs="halt")
async def halt(venue: Venue) -> None:
    """A halted symbol rejects orders and lets its working ones be cancelled; trading goes on when it does."""
    async with floor(venue) as on:
        name = await resting(on)
        await venue.hook(hook="mutate_rules", symbol=venue.rules.symbol, trading=False)
        await on.state(on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97))), REJECTED)
        on.ask(lambda me, market: me.cancel(name))
        await on.state(name, CANCELLED)
        await venue.hook(hook="mutate_rules", symbol=venue.rules.symbol, trading=True)
        await resting(on)


@case(123, "F23")
async def reject_streak(venue: Venue) -> None:
    """After a streak of rejections the instrument pauses, instead of going on against the venue."""
    async with floor(venue) as on:
        await venue.hook(
            hook="reply", place="request", what=venue.words.submit, count=0, status=400,
            body='{"code":-2010,"msg":"Account has insufficient balance for requested action."}',
        )  # fmt: skip
        for _ in range(5):
            await on.state(on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97))), REJECTED)
        sent = len(on.sent(ApprovedSubmit))
        on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97)))
        assert len(on.sent(ApprovedSubmit)) == sent


@case(132, "F32", slow=True)
async def half_open(venue: Venue) -> None:
    """A half-open connection is noticed and replaced, and what was asked on it comes to an end."""
    async with floor(venue) as on:
        await venue.hook(hook="stall", place="request", what=venue.words.submit, seconds=3.0, connection=True)
        name = on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97)))
        await on.until(lambda: LinkState.DOWN in on.links())
        await on.until(lambda: on.links()[-1] is LinkState.UP, 15)
        await on.state(name, ACCEPTED, NEVER, within_s=15)


@case(133, "F33", "F40", slow=True)
async def crash(venue: Venue) -> None:
    """A venue that is gone for a while is tried again at growing distances, and trading goes on when it is back."""
    async with floor(venue) as on:
        await resting(on)
        await venue.hook(hook="crash", seconds=1.5)
        await on.until(lambda: on.links().count(LinkState.UP) >= 2, 20)
        assert on.connector.stats.reconnects <= 8, on.connector.stats
        await on.until(lambda: on.engine.reconciled, 15)
        await resting(on)


@case(134, "F34", slow=True)
async def rotate(venue: Venue) -> None:
    """A connection is replaced before its age ends, without a moment down."""
    async with floor(venue, rotate_after_s=0.6) as on:
        await resting(on)
        await asyncio.sleep(1.5)
        await resting(on)
        assert LinkState.DOWN not in on.links()


@case(135, "F35", needs="listen-key")
async def key_ended(venue: Venue) -> None:
    """A private stream whose key a sibling ended is opened anew, and what it missed is found."""
    async with floor(venue, listen_key_every_s=0.5) as on:
        name = await at_the_top(on, LARGE)
        await venue.end_listen_key()
        before = on.order(name).filled
        await venue.other(Side.SELL, some(on, 10), on.touched.ask)
        await on.until(lambda: on.order(name).filled > before, 15)


@case(136, "F36", slow=True)
async def told_to_wait(venue: Venue) -> None:
    """After 429 with Retry-After nothing is opened for so long; then trading goes on."""
    async with floor(venue) as on:
        await venue.hook(
            hook="reply", place="request", what=venue.words.submit, status=429, retry_after_s=1,
            body='{"code":-1003,"msg":"Too many requests."}',
        )  # fmt: skip
        name = on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97)))
        await on.state(name, REJECTED, NEVER, within_s=15)
        await on.until(lambda: LinkState.LIMITED in on.links())
        await asyncio.sleep(2.1)
        await on.until(lambda: on.engine.reconciled, 15)
        await resting(on)


@case(137, "F37")
async def clock_off(venue: Venue) -> None:
    """While the venue's clock is off beyond the bound nothing is opened and cancels go; then trading goes on."""
    async with floor(venue, clock_every_s=0.3) as on:
        name = await resting(on)
        await venue.hook(hook="skew", name="skew", offset_ms=10_000)
        await on.until(lambda: abs(on.connector.stats.clock_offset_ns) > 5 * 10**9)
        refused = on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97)))
        await on.until(lambda: on.engine.manager.order(refused) is None or on.order(refused).state is REJECTED)
        on.ask(lambda me, market: me.cancel(name))
        await on.state(name, CANCELLED)
        await venue.clear()
        await on.until(lambda: abs(on.connector.stats.clock_offset_ns) < 10**9)
        await resting(on)


@case(138, "F38")
async def requests_reordered(venue: Venue) -> None:
    """Requests that overtake each other on their way are both taken: nothing hangs on their order."""
    async with floor(venue) as on:
        await venue.hook(hook="reorder", place="request", what=venue.words.submit)
        names = [on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97))) for _ in range(2)]
        for name in names:
            await on.state(name, ACCEPTED)


@case(139, "F39")
async def no_answer_at_all(venue: Venue) -> None:
    """HTML, or half an answer, to an order is no answer: UNKNOWN, then evidence."""
    async with floor(venue) as on:
        await venue.hook(hook="drop", place="event", what=venue.words.news, count=2)
        await venue.hook(hook="reply", what=venue.words.submit, status=200, body="<html>busy</html>")
        await venue.hook(hook="truncate", what=venue.words.submit, skip=1)
        names = [on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97))) for _ in range(2)]
        for name in names:
            await on.reported(name, ReportType.OUTCOME_UNKNOWN)
        for name in names:
            await on.state(name, ACCEPTED, within_s=15)


@case(140, "F40", slow=True)
async def out_of_service(venue: Venue) -> None:
    """A cancel that meets a venue out of service works when the service is back."""
    async with floor(venue) as on:
        name = await resting(on)
        await venue.hook(hook="reply", place="request", what=venue.words.cancel, status=503, count=2)
        on.ask(lambda me, market: me.cancel(name))
        await on.state(name, CANCELLED, within_s=20)
        await on.until(lambda: on.was(name, ReportType.CANCELLED))


@case(124, "F23", needs="reduce-only", slow=True)
async def phantom_position(venue: Venue) -> None:
    """A position that a person closed at the venue is not sold again: the instrument freezes, and a person is told."""
    async with floor(venue, ForeignPolicy.IGNORE) as on:
        await on.state(on.ask(lambda me, market: me.buy(market, some(on, 2))), FILLED)
        on.foreign.append(await venue.human(Side.SELL, some(on, 2), far(on, 0.99)))
        await on.until(lambda: on.engine.gate.freezes.instruments, 20)
        sent = len(on.sent(ApprovedSubmit))
        on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97)))
        assert len(on.sent(ApprovedSubmit)) == sent
        assert on.alerts()


@case(141, "F39")
async def answer_altered(venue: Venue) -> None:
    """An answer of which a byte was turned on its way leaves the books right, whatever it says now."""
    async with floor(venue) as on:
        await venue.hook(hook="corrupt", what=venue.words.submit, count=0)
        for _ in range(3):
            name = on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97)))
            await on.state(name, ACCEPTED, within_s=15)


@case(142, "F01", "F38")
async def request_twice(venue: Venue) -> None:
    """A request that the network doubles makes one order."""
    async with floor(venue) as on:
        twice = await venue.hook(hook="dup", place="request", what=venue.words.submit)
        name = on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97)))
        await on.state(name, ACCEPTED)
        assert await venue.fired(twice)
        assert len([leg for leg in (await venue.ledger()).orders if leg.is_open]) == 1
