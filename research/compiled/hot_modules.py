"""The modules whose hot functions the compiled loop and the kernels call."""

from connectors.sim import (
    answers,
    bars,
    delays,
    draws,
    events,
    fees,
    fifo,
    impact,
    ladder,
    matcher,
    matching,
    place,
    queues,
    rules,
    taking,
    unmoved,
    view,
)
from core import book, market
from oms import codes, ledger, moves, order, positions
from risk import checks, figures, limit_checks, market_checks, order_checks, rate
from strategies import desk, indicators

HOT_MODULES = (
    book, market,
    codes, order, positions, ledger, moves,
    figures, rate, order_checks, market_checks, limit_checks, checks,
    matching, queues, draws, delays, fees, impact, view, ladder, answers, place, taking, events, fifo, unmoved, bars,
    rules, matcher, desk, *indicators.MODULES,
)  # fmt: skip
