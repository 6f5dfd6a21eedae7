"""Where a venue's own books go wrong: numbers that it gives twice, executions that it takes back (F06, F14, F17)."""

import asyncio

from core.effects import BalanceChanged, OrderBusted, OrderFilled
from core.events import ReportType
from core.evidence import EvidenceWanted, Subject
from core.orders import ApprovedSubmit, OrderState, Refusal, Side
from oms.reconcile import ForeignPolicy
from tests.conformance.case import case
from tests.conformance.cases_faults import LARGE, at_the_top, resting
from tests.conformance.cases_orders import ACCEPTED, CANCELLED, FILLED, REJECTED, far, some
from tests.conformance.floor import Floor, floor
from tests.conformance.venue import Venue


@case(143, "F06")
async def trade_id_of_two_orders(venue: Venue) -> None:
    """A trade whose id an execution of another order of ours has is booked, told by the stream or found by asking."""
    async with floor(venue) as on:
        await on.state(on.ask(lambda me, market: me.buy(market, some(on))), FILLED)
        await venue.give_again("trade")
        await on.state(on.ask(lambda me, market: me.buy(market, some(on))), FILLED)
        await venue.give_again("trade")
        await venue.hook(hook="drop", place="event", what=venue.words.trade)
        await on.state(on.ask(lambda me, market: me.buy(market, some(on))), FILLED, within_s=15)
        booked = on.sent(OrderFilled)
        assert len({each.exec_id for each in booked}) == 1, "the trades do not share their id"
        assert sum(each.quantity for each in booked) == some(on, 3)


@case(144, "F06")
async def fill_that_cannot_be_placed(venue: Venue) -> None:
    """A fill that is told of an instrument nobody knows is not taken for booked: it is found, and booked, once."""
    async with floor(venue) as on:
        name = await at_the_top(on, LARGE)
        before = on.order(name).filled
        strange = venue.words.symbol_text.replace("BTC", "XXX")
        altered = await venue.hook(
            hook="alter", place="event", what=venue.words.trade, count=0, find=venue.words.symbol_text, put=strange
        )
        await venue.other(Side.SELL, some(on, 10), on.touched.ask)
        await on.until(lambda: on.order(name).filled > before, 15)
        assert await venue.fired(altered)


@case(145, "F14")
async def take_back_an_execution(venue: Venue) -> None:
    """An execution that the venue takes back without a word is found by its figures, and taken back here."""
    async with floor(venue) as on:
        kept = on.ask(lambda me, market: me.buy(market, some(on)))
        await on.state(kept, FILLED)
        gone = on.ask(lambda me, market: me.buy(market, some(on, 2)))
        await on.state(gone, FILLED)
        await venue.take_back()
        await on.until(lambda: on.sent(OrderBusted), 25)
        assert (on.order(kept).filled, on.order(gone).filled) == (some(on), 0)
        assert on.engine.manager.position(0).quantity == some(on)
        await on.until(lambda: not on.engine.gate.freezes.instruments, 15)


@case(146, "F17", slow=True)
async def order_number_again(venue: Venue) -> None:
    """An order under the number of an older one, as after a restart of the venue, is not taken for that."""
    async with floor(venue) as on:
        old = await resting(on)
        await venue.hook(hook="drop", place="answer", what=venue.words.cancel)
        await venue.hook(hook="drop", place="event", what=venue.words.news)
        on.ask(lambda me, market: me.cancel(old))
        await asyncio.sleep(0.2)
        await venue.give_again("order")
        new = await resting(on)
        assert on.order(new).venue_order_id == on.order(old).venue_order_id
        await on.state(old, CANCELLED, within_s=15)
        assert on.order(new).state is ACCEPTED


@case(147, "F17", slow=True)
async def later_session(venue: Venue) -> None:
    """Ids begin with the session's number: who finds an order of a later session's halts, and leaves it alone."""
    async with floor(venue, ForeignPolicy.IGNORE, epoch=4243) as later:
        name = await resting(later)
        async with floor(venue, ForeignPolicy.IGNORE) as on:
            on.foreign.append(name)
            await on.until(lambda: on.engine.gate.freezes.halted, 15)
            sent = len(on.sent(ApprovedSubmit))
            on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97)))
            assert len(on.sent(ApprovedSubmit)) == sent
        assert later.order(name).state is OrderState.ACCEPTED
        assert later.was(name, ReportType.CANCELLED) == 0


@case(149, "F21")
async def rules_read_again(venue: Venue) -> None:
    """Once an order was rejected for a rule, the rules are read again: what breaks them is no longer sent."""
    async with floor(venue) as on:
        coarse = venue.rules.tick * 1_000
        await venue.hook(hook="mutate_rules", symbol=venue.rules.symbol, tick=venue.rules.price_text(coarse))
        whole = far(on, 0.97) // coarse * coarse
        off = on.ask(lambda me, market: me.buy(market, some(on), whole + venue.rules.tick))
        await on.state(off, REJECTED)
        await on.until(lambda: on.engine.markets[0].instrument.tick == coarse)
        sent = len(on.sent(ApprovedSubmit))
        on.ask(lambda me, market: me.buy(market, some(on), whole + venue.rules.tick))
        assert len(on.sent(ApprovedSubmit)) == sent
        assert on.sent(Refusal)[-1].code == "TICK_SIZE"
        await on.state(on.ask(lambda me, market: me.buy(market, some(on), whole)), ACCEPTED)


@case(148, "F11", slow=True)
async def money_in_an_outage(venue: Venue) -> None:
    """Money that the venue moves while its stream is silent is found and booked, and so is what it tells: each once."""
    async with floor(venue) as on:
        await on.state(on.ask(lambda me, market: me.buy(market, some(on))), FILLED)
        await asyncio.sleep(1.6)  # the books began longer ago than the venue lags
        lost = await venue.hook(hook="drop", place="event", what="*", count=0)
        await venue.move_money()
        await on.until(lambda: len(moved(on)) == 1, 10)
        assert await venue.fired(lost)
        await venue.clear()
        await venue.move_money()
        await on.until(lambda: len(moved(on)) == 2, 10)
        rounds = asked(on)
        await on.until(lambda: asked(on) >= rounds + 2, 15)
        assert len(moved(on)) == 2
        assert not on.engine.gate.freezes.instruments, on.story()


def asked(on: Floor) -> int:
    """Return how often the venue was asked for money that it moved."""
    return sum(each.subject is Subject.MOVES for each in on.sent(EvidenceWanted))


def moved(on: Floor) -> list[BalanceChanged]:
    """Return what was booked without an order."""
    return [each for each in on.sent(BalanceChanged) if each.reason in {"funding", "transfer"}]
