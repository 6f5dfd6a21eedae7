"""Order types, times in force, terms, and every transition of an order's life."""

import time

from core.effects import OrderFilled
from core.events import OrderReport, ReportType
from core.orders import ApprovedReplace, OrderState, OrderTerms, OrderType, Side, TimeInForce
from tests.conformance.case import case
from tests.conformance.floor import SECOND, floor
from tests.conformance.venue import Venue

ACCEPTED, FILLED, CANCELLED = OrderState.ACCEPTED, OrderState.FILLED, OrderState.CANCELLED
EXPIRED, REJECTED, PARTLY = OrderState.EXPIRED, OrderState.REJECTED, OrderState.PARTIALLY_FILLED


def far(floor_, times: float) -> int:
    """Return a price so many times the best bid, in whole ticks."""
    tick = floor_.venue.rules.tick
    price: int = int(floor_.touched.bid * times) // tick * tick
    return price


def some(floor_, share: int = 1) -> int:
    """Return a quantity that the venue takes."""
    quantity: int = floor_.venue.rules.quantity("0.01") * share
    return quantity


@case(1)
async def rest_and_cancel(venue: Venue) -> None:
    """A limit order is acknowledged, rests, and is cancelled when asked; each is reported once."""
    async with floor(venue) as on:
        name = on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97)))
        await on.state(name, ACCEPTED)
        on.ask(lambda me, market: me.cancel(name))
        await on.state(name, CANCELLED)
        assert (on.was(name, ReportType.ACCEPTED), on.was(name, ReportType.CANCELLED)) == (1, 1)


@case(2)
async def fill_at_market(venue: Venue) -> None:
    """A market order is filled, with the venue's prices, quantities and fees, each execution once."""
    async with floor(venue) as on:
        name = on.ask(lambda me, market: me.buy(market, some(on)))
        await on.state(name, FILLED)
        assert sum(each.quantity for each in on.sent(OrderFilled)) == some(on)


@case(3)
async def fill_in_parts(venue: Venue) -> None:
    """A limit order trades what there is, rests with the remainder, and is filled as a maker by somebody else."""
    async with floor(venue) as on:
        ask = on.touched.ask
        name = on.ask(lambda me, market: me.buy(market, some(on, 2_000), ask))
        await on.state(name, PARTLY)
        await venue.other(Side.SELL, some(on, 4_000), ask)
        await on.state(name, FILLED)


@case(4, "F12")
async def expire_after_a_part(venue: Venue) -> None:
    """An immediate-or-cancel order keeps what it traded, and its remainder expires; one that trades nothing, whole."""
    async with floor(venue) as on:
        ask = on.touched.ask
        name = on.ask(lambda me, market: me.buy(market, some(on, 2_000), ask, time_in_force=TimeInForce.IOC))
        await on.state(name, EXPIRED)
        assert 0 < on.order(name).filled < some(on, 2_000)
        name = on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97), time_in_force=TimeInForce.IOC))
        await on.state(name, EXPIRED)
        assert on.order(name).filled == 0


@case(5)
async def fill_or_kill(venue: Venue) -> None:
    """A fill-or-kill order that cannot be filled at once ends without a fill."""
    async with floor(venue) as on:
        name = on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97), time_in_force=TimeInForce.FOK))
        await on.state(name, EXPIRED, REJECTED)
        assert on.order(name).filled == 0


@case(6)
async def post_only(venue: Venue) -> None:
    """A post-only order that would take is rejected, and one that rests is accepted."""
    async with floor(venue) as on:
        taking = on.ask(lambda me, market: me.buy(market, some(on), far(on, 1.01), post_only=True))
        await on.state(taking, REJECTED, EXPIRED)
        resting = on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97), post_only=True))
        await on.state(resting, ACCEPTED)


async def waits(venue: Venue, type_: OrderType, side: Side, trigger: float, price: float = 0.0) -> None:
    """Place a conditional order, see it wait, cancel it."""
    async with floor(venue) as on:
        terms = OrderTerms(trigger_price=far(on, trigger))

        def plan(me, market):
            order = me.order(market, side, type_, some(on), far(on, price) if price else 0, terms=terms)
            me.submit(order)
            return order.client_order_id

        name = on.ask(plan)
        await on.state(name, ACCEPTED, OrderState.HELD)
        on.ask(lambda me, market: me.cancel(name))
        await on.state(name, CANCELLED)


@case(7)
async def stop(venue: Venue) -> None:
    """A stop waits for its trigger, and is cancelled where it waits."""
    await waits(venue, OrderType.STOP, Side.BUY, 1.03)


@case(8)
async def stop_limit(venue: Venue) -> None:
    """So does a stop with a limit."""
    await waits(venue, OrderType.STOP_LIMIT, Side.SELL, 0.97, 0.96)


@case(9)
async def market_if_touched(venue: Venue) -> None:
    """So does a market-if-touched order."""
    await waits(venue, OrderType.MARKET_IF_TOUCHED, Side.BUY, 0.97)


@case(10)
async def limit_if_touched(venue: Venue) -> None:
    """So does a limit-if-touched order."""
    await waits(venue, OrderType.LIMIT_IF_TOUCHED, Side.SELL, 1.03, 1.03)


@case(11)
async def trailing_stop(venue: Venue) -> None:
    """A trailing stop, at the venue or kept by tickerd, waits and is cancelled."""
    async with floor(venue) as on:
        name = on.ask(lambda me, market: me.trail(market, Side.SELL, some(on), ppm=20_000))
        await on.state(name, ACCEPTED, OrderState.HELD)
        on.ask(lambda me, market: me.cancel(name))
        await on.state(name, CANCELLED)


@case(12)
async def trigger(venue: Venue) -> None:
    """A stop whose price trades is triggered, and filled as one order."""
    async with floor(venue) as on:
        level = on.touched.ask + venue.rules.tick
        name = on.ask(lambda me, market: me.stop(market, Side.BUY, some(on), level))
        await on.state(name, ACCEPTED)
        await venue.other(Side.BUY, on.touched.ask_quantity + some(on, 300))
        await on.state(name, FILLED)


@case(13, needs="iceberg")
async def iceberg(venue: Venue) -> None:
    """An iceberg is taken with the part that it shows."""
    async with floor(venue) as on:
        terms = OrderTerms(display_quantity=some(on))
        name = on.ask(lambda me, market: me.buy(market, some(on, 5), far(on, 0.97), terms=terms))
        await on.state(name, ACCEPTED)


@case(14)
async def good_till_date(venue: Venue) -> None:
    """An order with a date is off the venue once that has come."""
    async with floor(venue) as on:
        terms = OrderTerms(expire_ns=time.time_ns() + SECOND)
        name = on.ask(
            lambda me, market: me.buy(market, some(on), far(on, 0.97), time_in_force=TimeInForce.GTD, terms=terms)
        )
        await on.state(name, ACCEPTED)
        await on.state(name, EXPIRED, CANCELLED)


@case(15, needs="reduce-only")
async def reduce_only(venue: Venue) -> None:
    """A reduce-only order closes what is there and no more; without a position it is refused."""
    async with floor(venue) as on:
        name = on.ask(lambda me, market: me.buy(market, some(on)))
        await on.state(name, FILLED)
        closing = on.ask(lambda me, market: me.sell(market, some(on), reduce_only=True))
        await on.state(closing, FILLED)
        assert on.engine.manager.position(0).quantity == 0


@case(16)
async def one_cancels_the_other(venue: Venue) -> None:
    """Two orders of which one cancels the other are placed together and both can be ended."""
    async with floor(venue) as on:
        bought = on.ask(lambda me, market: me.buy(market, some(on)))
        await on.state(bought, FILLED)
        limit, other = on.ask(
            lambda me, market: me.oco(market, Side.SELL, some(on), limit=far(on, 1.01), stop=far(on, 0.97))
        )
        await on.state(limit, ACCEPTED)
        await on.state(other, ACCEPTED, OrderState.HELD)
        on.ask(lambda me, market: me.cancel(limit))
        await on.state(limit, CANCELLED)
        on.ask(lambda me, market: me.cancel(other))
        await on.state(other, CANCELLED, EXPIRED)


@case(17)
async def replace_the_price(venue: Venue) -> None:
    """A working order takes another price and quantity; one order is left, under one intent."""
    async with floor(venue) as on:
        name = on.ask(lambda me, market: me.buy(market, some(on, 2), far(on, 0.97)))
        await on.state(name, ACCEPTED)
        on.ask(lambda me, market: me.replace(name, price=far(on, 0.98), quantity=some(on, 3)))
        await on.until(lambda: on.order(name).price == far(on, 0.98) and on.order(name).state is ACCEPTED)
        assert on.order(name).quantity == some(on, 3)
        assert len(on.sent(ApprovedReplace)) == 1


@case(18)
async def replace_the_quantity(venue: Venue) -> None:
    """A working order gives up some of its quantity."""
    async with floor(venue) as on:
        name = on.ask(lambda me, market: me.buy(market, some(on, 5), far(on, 0.97)))
        await on.state(name, ACCEPTED)
        on.ask(lambda me, market: me.replace(name, quantity=some(on, 2)))
        await on.until(lambda: on.order(name).quantity == some(on, 2) and on.order(name).state is ACCEPTED)


@case(19)
async def replace_refused(venue: Venue) -> None:
    """A replacement that the venue refuses leaves one order or none, and both sides agree which."""
    async with floor(venue) as on:
        name = on.ask(lambda me, market: me.buy(market, some(on, 2), far(on, 0.97), post_only=True))
        await on.state(name, ACCEPTED)
        on.ask(lambda me, market: me.replace(name, price=far(on, 1.01)))
        await on.reported(name, ReportType.REPLACE_REJECTED)


@case(20)
async def reject(venue: Venue) -> None:
    """An order that breaks a rule of the venue is rejected with the venue's words."""
    async with floor(venue) as on:
        name = on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.6)))
        await on.state(name, REJECTED, ACCEPTED)
        await venue.hook(hook="mutate_rules", symbol=venue.rules.symbol, min_notional="1000000")
        await on.until(lambda: True)
        small = on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97)))
        await on.state(small, REJECTED)
        told = [each for each in on.heard if isinstance(each, OrderReport) and each.type is ReportType.REJECTED]
        assert all(each.reason for each in told)
        await venue.hook(hook="mutate_rules", symbol=venue.rules.symbol, min_notional="5")


@case(21)
async def cancel_what_is_over(venue: Venue) -> None:
    """Cancelling all ends every working order, and an order that is over is not cancelled again."""
    async with floor(venue) as on:
        names = [on.ask(lambda me, market: me.buy(market, some(on), far(on, 0.97))) for _ in range(3)]
        for name in names:
            await on.state(name, ACCEPTED)
        on.ask(lambda me, market: me.cancel_all())
        for name in names:
            await on.state(name, CANCELLED)
        on.ask(lambda me, market: me.cancel(names[0]))
        assert on.order(names[0]).state is CANCELLED


@case(22)
async def bracket(venue: Venue) -> None:
    """The two ways out of a bracket wait for its entry, and go when it is cancelled unfilled."""
    async with floor(venue) as on:
        entry, profit, stop_ = on.ask(
            lambda me, market: me.bracket(
                market, Side.BUY, some(on), far(on, 0.98), profit=far(on, 1.02), stop=far(on, 0.97)
            )
        )
        await on.state(entry, ACCEPTED)
        on.ask(lambda me, market: me.cancel(entry))
        for name in (entry, profit, stop_):
            await on.state(name, CANCELLED, EXPIRED)


@case(23)
async def bracket_entered(venue: Venue) -> None:
    """Once a bracket's entry is filled, its two ways out work, as much as was filled."""
    async with floor(venue) as on:
        entry, profit, stop_ = on.ask(
            lambda me, market: me.bracket(market, Side.BUY, some(on), profit=far(on, 1.02), stop=far(on, 0.97))
        )
        await on.state(entry, FILLED)
        await on.state(profit, ACCEPTED)
        await on.state(stop_, ACCEPTED, OrderState.HELD)
        on.ask(lambda me, market: (me.cancel(profit), me.cancel(stop_)))
        await on.state(profit, CANCELLED, EXPIRED)
