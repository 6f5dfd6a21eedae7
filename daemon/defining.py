"""The first inputs of a session: what its venues define, fitted to what it goes on from."""

import asyncio
from collections.abc import Callable

from config.settings import Settings
from core.events import StateCarried
from core.records import Event
from daemon.feeds import Feeds, definition, instrument_of
from daemon.live.fitting import Fitting
from daemon.live.trading import Trading


async def definitions(
    settings: Settings, feeds: Feeds, trading: Trading | None, carried: StateCarried | None, now_ns: Callable[[], int]
) -> tuple[list[Event], StateCarried | None]:
    """Ask the venues for their rules, live also for what the account may do and what they keep themselves.

    Return the definitions and the state to take over, fitted to each other. Raises StartFailed.
    """
    if trading is None:
        return await feeds.define(now_ns), None
    fitting = Fitting(settings, carried)
    defined, _ = await asyncio.gather(feeds.define(now_ns, fitting.fit), trading.check())
    events = [trading.told(each) for each in defined]
    for rules in fitting.left_out([instrument_of(each) for each in events]):
        events.append(definition(len(events), rules, now_ns()))
    return events, fitting.state()
