"""What the differences add up to: per order as plain values, per instrument, and what the simulator should charge."""

import statistics
from collections.abc import Iterable, Sequence

import msgspec

from core.decimals import to_text
from core.instruments import Instrument
from core.market import Market, mark_price_of
from core.money import money_text
from research.compare.outcome import Outcome, Pair
from research.compare.rerun import Rerun


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One order at one venue, decimal texts; `slippage_ppm` against the touch when it was sent or last replaced."""

    state: str
    filled: str
    price: str
    fees: dict[str, str]
    slippage_ppm: float | None  # None without fills
    answered_ms: float | None  # from sending to the first answer


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """One order, twice. `difference` is what it brought more at the session's venue than at the simulated one."""

    client_order_id: str
    strategy: str
    instrument: str
    side: str
    type: str
    quantity: str
    sent_ns: int
    real: Side
    sim: Side
    difference: str  # money in the instrument's currency, open quantity at the last price
    skipped: str
    replaced: int = 0  # how often that was asked for; `quantity` is what was asked for last


class InstrumentRow(msgspec.Struct, frozen=True, kw_only=True):
    """All orders of one instrument that both venues had; money in `currency`, positions in its units as decimals."""

    instrument: str
    currency: str
    orders: int
    skipped: int
    filled_real: int  # orders that filled at all
    filled_sim: int
    position_real: str
    position_sim: str
    profit_real: str
    profit_sim: str
    difference: str


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What the simulator should have charged, and how late it should have been, from the orders that took in both."""

    instrument: str
    takers: int
    slippage_real_ppm: float
    slippage_sim_ppm: float
    slippage_missing_ppm: float
    ticks_missing: float
    answered_real_ms: float
    answered_sim_ms: float


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer of `tickerd compare`."""

    session: str
    mode: str
    events: int
    orders: int
    equal: int  # orders whose quantity, price and fees are the same to the unit
    rows: list[OrderRow]
    instruments: list[InstrumentRow]
    advice: list[Advice]


def compare(rerun: Rerun) -> Comparison:
    """Return what a finished re-run found."""
    markets, pairs = rerun.engine.markets, list(rerun.pairs.values())
    by_market = [(market, [pair for pair in pairs if pair.intent.instrument == market.index]) for market in markets]
    return Comparison(
        session=str(rerun.reader.folder),
        mode=rerun.reader.head.mode,
        events=rerun.events,
        orders=len(pairs),
        equal=sum(_same(pair) for pair in pairs),
        rows=[_row(pair, markets[pair.intent.instrument]) for pair in pairs],
        instruments=[_instrument_row(market, mine) for market, mine in by_market if mine],
        advice=[advice for market, mine in by_market if (advice := _advice(market, mine)) is not None],
    )


def value_of(outcome: Outcome, pair: Pair, market: Market) -> int:
    """Return what an order brought, as money: its fills at the last price, less fees that count in that currency."""
    instrument, terms = market.instrument, outcome.terms
    side, mark = int(pair.intent.side), mark_price_of(market)
    value = terms.open_profit(side * outcome.filled, side * outcome.cost * terms.value_factor, mark)
    return value - outcome.fees.get(instrument.currency, 0) - _base_fees(outcome, instrument, mark)


def _base_fees(outcome: Outcome, instrument: Instrument, mark: int) -> int:
    """Return fees in the base currency at the last price, as money of the quote."""
    if instrument.base == instrument.currency:
        return 0
    return outcome.fees.get(instrument.base, 0) * mark // int(10**instrument.price_precision)


def _same(pair: Pair) -> bool:
    """Whether both venues made the same of an order."""
    real, sim = pair.real, pair.sim
    return not pair.skipped and (real.filled, real.cost, real.fees) == (sim.filled, sim.cost, sim.fees)


def _row(pair: Pair, market: Market) -> OrderRow:
    """Return one order as plain values."""
    instrument, intent = market.instrument, pair.intent
    difference = 0 if pair.skipped else value_of(pair.real, pair, market) - value_of(pair.sim, pair, market)
    return OrderRow(
        client_order_id=intent.client_order_id,
        strategy=intent.strategy_id,
        instrument=instrument.id,
        side=intent.side.name.lower(),
        type=intent.type.value,
        quantity=instrument.quantity_text(pair.quantity),
        sent_ns=pair.sent_ns,
        real=_side(pair, pair.real, instrument),
        sim=_side(pair, pair.sim, instrument),
        difference=money_text(difference, 8),
        skipped=pair.skipped,
        replaced=pair.replaced,
    )


def _side(pair: Pair, outcome: Outcome, instrument: Instrument) -> Side:
    """Return one venue's part of a row."""
    answered_ns = min(filter(None, (outcome.accepted_ns, outcome.first_fill_ns)), default=0)
    decimals = instrument.price_precision + 2
    return Side(
        state=outcome.state,
        filled=instrument.quantity_text(outcome.filled),
        price=to_text(outcome.hundredths, decimals) if outcome.filled else "",
        fees={currency: money_text(fee, 8) for currency, fee in sorted(outcome.fees.items())},
        slippage_ppm=pair.slippage_ppm(outcome),
        answered_ms=(answered_ns - pair.sent_ns) / 1e6 if answered_ns else None,
    )


def _instrument_row(market: Market, pairs: Sequence[Pair]) -> InstrumentRow:
    """Return the sums of one instrument."""
    instrument = market.instrument
    both = [pair for pair in pairs if not pair.skipped]
    real, sim = (sum(value_of(getattr(pair, side), pair, market) for pair in both) for side in ("real", "sim"))
    held_real, held_sim = (
        sum(int(pair.intent.side) * getattr(pair, side).filled for pair in both) for side in ("real", "sim")
    )
    return InstrumentRow(
        instrument=instrument.id,
        currency=instrument.currency,
        orders=len(pairs),
        skipped=len(pairs) - len(both),
        filled_real=sum(pair.real.filled > 0 for pair in both),
        filled_sim=sum(pair.sim.filled > 0 for pair in both),
        position_real=instrument.quantity_text(held_real),
        position_sim=instrument.quantity_text(held_sim),
        profit_real=money_text(real, 8),
        profit_sim=money_text(sim, 8),
        difference=money_text(real - sim, 8),
    )


def _advice(market: Market, pairs: Iterable[Pair]) -> Advice | None:
    """Return what the simulator lacks for one instrument, None where no order took in both."""
    takers = [pair for pair in pairs if not pair.skipped and pair.real.taken and pair.sim.taken]
    weights = [min(pair.real.filled, pair.sim.filled) for pair in takers]
    if not takers:
        return None
    real, sim = (
        statistics.fmean((pair.slippage_ppm(getattr(pair, side)) or 0.0 for pair in takers), weights)
        for side in ("real", "sim")
    )
    middle = statistics.fmean((pair.bid + pair.ask) / 2 for pair in takers)
    return Advice(
        instrument=market.instrument.id,
        takers=len(takers),
        slippage_real_ppm=real,
        slippage_sim_ppm=sim,
        slippage_missing_ppm=real - sim,
        ticks_missing=(real - sim) * middle / 1e6 / market.instrument.tick,
        answered_real_ms=_median_answer(takers, "real"),
        answered_sim_ms=_median_answer(takers, "sim"),
    )


def _median_answer(pairs: Iterable[Pair], side: str) -> float:
    """Return the median time to the first answer, in ms."""
    waits = []
    for pair in pairs:
        outcome: Outcome = getattr(pair, side)
        waits.append((min(filter(None, (outcome.accepted_ns, outcome.first_fill_ns))) - pair.sent_ns) / 1e6)
    return statistics.median(waits)
