"""Cross margin: what an account is worth, what it must hold, and whether an order or a position is too much for it.

One wallet a currency backs all its contracts, as in Binance's cross margin mode of USDⓈ-M futures:

- margin balance = wallet balance + unrealised profit. Realised profit, fees and funding are in the wallet. Here the
  cash that fills moved and the positions' value at the mark are summed, which is the same and needs no entry price.
- "Maintenance Margin = Notional Position Value * Maintenance Margin Rate - Maintenance Amount", by brackets of the
  notional (leverage-and-margin page; /fapi/v1/leverageBracket). At a margin balance not above the sum of it the account
  is liquidated (support/faq/360033525271).
- "Cost = Initial Margin + Open Loss", "Initial Margin = Notional Value / Leverage", "Open Loss = Number of Contract *
  Absolute Value {min[0, direction of order * (mark price - order price)]}", as of 2020
  (support/faq/87fa7ee33b574f7084d42bd2ce2e463b). Of an instrument the side of which position and orders together would
  be larger is held, so an order that only reduces is always allowed.

Money in fee units. Bounds of the compiled form: `mark.py`'s, for all fills' price times quantity summed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.sim.account_settings import BRACKETS_MAX, PPM, MarginSettings, maintenance_amounts
from connectors.sim.codes import BEYOND_LEVERAGE, MARGIN_IS_INSUFFICIENT, NO_REASON
from connectors.sim.ladder import Ladder
from connectors.sim.listing import Listing
from connectors.sim.mark import Worth, doubled_value, share_up, value_at, worth_down, worth_of
from connectors.sim.matching import NO_LIMIT_BUY, NO_LIMIT_SELL
from connectors.sim.orders import Order, Request
from connectors.sim.settings import SimSettings
from core.hot import Ints, ints
from core.instruments import Instrument

NO_WALLET = -1
_NO_CAP = 1 << 62


@dataclass(slots=True)
class Wallet:
    """One currency's balance: what it began with, less fees, with funding; profit is counted by instrument."""

    balance: int = 0


@dataclass(slots=True)
class Margin:
    """One instrument's margin: its wallet, its brackets, and what our fills of it moved."""

    wallet: int = NO_WALLET  # its place among the wallets
    doubled_mark: int = 0  # the last one known
    cash: int = 0  # the value (`mark.value_at`) that sales brought in less what purchases took
    leverage: int = 1
    initial_multiplier: int = 1
    initial_divisor: int = 1
    liquidation_fee_ppm: int = 0
    bracket_count: int = 1
    caps: Ints = ints(BRACKETS_MAX)
    maintenance_ppms: Ints = ints(BRACKETS_MAX)
    amounts: Ints = ints(BRACKETS_MAX)
    leverages: Ints = ints(BRACKETS_MAX)
    worth: Worth = field(default_factory=Worth)


def book_margin(margin: Margin, wallet: Wallet, sign: int, price: int, quantity: int, fee: int) -> None:
    """Book one fill."""
    margin.cash -= sign * value_at(margin.worth, price, quantity)
    wallet.balance -= fee


def bracket_of(margin: Margin, notional: int) -> int:
    """Return the place of the bracket that a notional falls into; the last one where it is beyond all."""
    place = 0
    while place < margin.bracket_count - 1 and notional > margin.caps[place]:
        place += 1
    return place


def maintenance_of(margin: Margin, position: int) -> int:
    """Return the maintenance margin of a position at the mark, rounded up."""
    notional = worth_down(margin.worth, doubled_value(margin.worth, margin.doubled_mark, abs(position)))
    place = bracket_of(margin, notional)
    return max(share_up(notional, margin.maintenance_ppms[place], PPM) - margin.amounts[place], 0)


def initial_of(margin: Margin, doubled: int) -> int:
    """Return the initial margin of a doubled price times quantity, rounded up."""
    return share_up(worth_down(margin.worth, doubled), margin.initial_multiplier, margin.initial_divisor)


def equity_of(wallets: Sequence[Wallet], margins: Sequence[Margin], listings: Sequence[Listing], wallet: int) -> int:
    """Return a wallet's margin balance: with the profit of every instrument that it backs, at their marks."""
    equity = wallets[wallet].balance
    for index in range(len(margins)):
        margin = margins[index]
        if margin.wallet == wallet:
            doubled = 2 * margin.cash + doubled_value(margin.worth, margin.doubled_mark, listings[index].position)
            if margin.worth.inverse_scale != 0:  # whoever holds them gains where they come to be worth less of the base
                doubled = -doubled
            equity += worth_down(margin.worth, doubled)
    return equity


def ordered(margin: Margin, ladder: Ladder, orders: Sequence[Order]) -> int:
    """Return the doubled price times quantity of one side's orders; market orders that wait count at the mark."""
    total = 0
    for place in range(ladder.count):
        order = orders[ladder.rows[place]]
        if not order.reduce_only:
            price = 2 * order.limit
            if order.limit in (NO_LIMIT_BUY, NO_LIMIT_SELL):
                price = margin.doubled_mark
            total += doubled_value(margin.worth, price, order.leaves)
    return total


def larger_side(margin: Margin, listing: Listing, orders: Sequence[Order], buying: int, selling: int) -> int:
    """Return the doubled price times quantity of the side that position and orders would make the larger.

    `buying` and `selling` come on top, doubled likewise.
    """
    held = doubled_value(margin.worth, margin.doubled_mark, listing.position)
    bought = held + ordered(margin, listing.bids, orders) + buying
    sold = ordered(margin, listing.asks, orders) + selling - held
    return max(bought, sold)


def margin_refusal(
    wallets: Sequence[Wallet],
    margins: Sequence[Margin],
    listings: Sequence[Listing],
    orders: Sequence[Order],
    request: Request,
) -> int:
    """Say why the account does not allow an order; the marks are those of now."""
    margin, listing = margins[request.instrument], listings[request.instrument]
    if margin.wallet == NO_WALLET or request.reduce_only:
        return NO_REASON
    price = margin.doubled_mark
    if not request.is_market:
        price = 2 * request.price
    buying, selling = 0, doubled_value(margin.worth, price, request.quantity)
    if request.sign > 0:
        buying, selling = selling, buying
    before = larger_side(margin, listing, orders, 0, 0)
    after = larger_side(margin, listing, orders, buying, selling)
    if after <= before:
        return NO_REASON
    notional = worth_down(margin.worth, after)
    place = bracket_of(margin, notional)
    if notional > margin.caps[place] or margin.leverage > margin.leverages[place]:
        return BEYOND_LEVERAGE
    gap = doubled_value(margin.worth, margin.doubled_mark, request.quantity)
    gap = request.sign * (doubled_value(margin.worth, price, request.quantity) - gap)
    open_loss = max(gap if margin.worth.inverse_scale == 0 else -gap, 0)
    free = equity_of(wallets, margins, listings, margin.wallet) + worth_down(margin.worth, -open_loss)
    for index in range(len(margins)):
        other = margins[index]
        if other.wallet == margin.wallet and index != request.instrument:
            free -= initial_of(other, larger_side(other, listings[index], orders, 0, 0))
    if free < initial_of(margin, after):
        return MARGIN_IS_INSUFFICIENT
    return NO_REASON


def is_breached(wallets: Sequence[Wallet], margins: Sequence[Margin], listings: Sequence[Listing], wallet: int) -> bool:
    """Whether a wallet with positions has come down to their maintenance margin."""
    maintenance = 0
    held = False
    for index in range(len(margins)):
        if margins[index].wallet == wallet and listings[index].position != 0:
            held = True
            maintenance += maintenance_of(margins[index], listings[index].position)
    return held and equity_of(wallets, margins, listings, wallet) <= maintenance


def next_to_close(margins: Sequence[Margin], listings: Sequence[Listing], wallet: int, below: int) -> int:
    """Return which position to close: the largest maintenance margin under `below`, -1 where there is none.

    Instruments that are not matched now are passed over.
    """
    chosen = -1
    largest = -1
    for index in range(len(margins)):
        listing = listings[index]
        if margins[index].wallet == wallet and listing.position != 0 and not listing.gathering:
            maintenance = maintenance_of(margins[index], listing.position)
            if largest < maintenance < below:
                chosen = index
                largest = maintenance
    return chosen


def liquidation_fee(margin: Margin, price: int, quantity: int) -> int:
    """Return what the venue takes for closing a position, rounded up."""
    notional = worth_down(margin.worth, doubled_value(margin.worth, 2 * price, quantity))
    return share_up(notional, margin.liquidation_fee_ppm, PPM)


HOT = (
    book_margin,
    bracket_of,
    maintenance_of,
    initial_of,
    equity_of,
    ordered,
    larger_side,
    margin_refusal,
    is_breached,
    next_to_close,
    liquidation_fee,
)


def margin_of(settings: SimSettings, instrument: Instrument, wallet: int) -> Margin:
    """Return an instrument's margin under the settings; without brackets by the rates of its definition."""
    chosen: MarginSettings = settings.margin
    margin = Margin(
        wallet=wallet,
        worth=worth_of(settings, instrument),
        liquidation_fee_ppm=chosen.liquidation_fee_ppm,
    )
    brackets = chosen.brackets.get(instrument.id)
    if brackets is None:
        margin.initial_multiplier, margin.initial_divisor = instrument.margin_initial_ppm, PPM
        margin.caps[0], margin.maintenance_ppms[0] = _NO_CAP, instrument.margin_maintenance_ppm
        margin.leverages[0] = margin.leverage
        return margin
    unit: int = 10**settings.fee_decimals
    margin.leverage = margin.initial_divisor = chosen.leverage.get(instrument.id, chosen.default_leverage)
    margin.bracket_count = len(brackets)
    for place, (bracket, amount) in enumerate(zip(brackets, maintenance_amounts(brackets), strict=True)):
        margin.caps[place] = bracket.notional_cap * unit
        margin.maintenance_ppms[place] = bracket.maintenance_ppm
        margin.amounts[place] = amount * unit // PPM
        margin.leverages[place] = bracket.initial_leverage
    return margin
