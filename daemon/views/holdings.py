"""Positions, and what was earned with them: by instrument, strategy and currency, with the rates that counted it."""

import msgspec

from core.market import Market, mark_price_of
from core.money import money_text
from daemon.worth import common_currency
from engine.engine import Engine
from oms.books import ACCOUNTS, FUNDING
from oms.positions import Position
from oms.valuation import converted

RATE_DECIMALS = 12


class PositionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One position: the account's net (`strategy` is empty), a strategy's own, or one side of it in hedge mode.

    `average_price` is rounded to the instrument's decimals, `mark_price` empty where nothing marks it; money in
    `currency`, before fees, which count what holding cost (funding), too.
    """

    instrument: str
    strategy: str
    hedge: str  # "long" or "short", "" for the net
    quantity: str
    average_price: str
    mark_price: str
    cost: str
    unrealised: str
    realised: str
    fees: str
    currency: str
    fills: int


class PositionsView(msgspec.Struct, frozen=True, kw_only=True):
    """The positions, the account's net of an instrument before those of its strategies."""

    time_ns: int
    rows: list[PositionRow]


class PnlRow(msgspec.Struct, frozen=True, kw_only=True):
    """What an instrument, a strategy or a currency earned, in `currency`; `net` is realised and open less fees.

    `value` is `net` in the base currency at `rate`, both empty where no market gives one. `marked`: whether every
    position that is open has a price; where not, its open profit is left out.
    """

    name: str
    currency: str
    realised: str
    unrealised: str
    fees: str
    net: str
    value: str
    rate: str
    path: str
    marked: bool


class PnlView(msgspec.Struct, frozen=True, kw_only=True):
    """What was earned since the account's positions began; `total` in the base currency leaves out what is `unpriced`.

    `funding` is by currency what holding positions brought (negative: cost) while this daemon ran; it is among the
    fees of the rows already.
    """

    time_ns: int
    base_currency: str
    total: str
    unpriced: list[str]
    by_instrument: list[PnlRow]
    by_strategy: list[PnlRow]
    by_currency: list[PnlRow]
    funding: dict[str, str]


def positions_view(engine: Engine, scope: str, *, flat: bool = False) -> PositionsView:
    """Return the positions of a scope; with `flat` those that are closed, too. Raises ScopeError."""
    matches = engine.commands.matches(scope)
    by_name = not scope.startswith("strategy:")
    rows = []
    for index, strategy_id, position in engine.manager.positions():
        wanted = by_name and matches("", index) if strategy_id is None else matches(strategy_id, index)
        if wanted and (position.quantity or (flat and position.fills)):
            rows.append(_position(engine.markets[index], strategy_id or "", "", position))
        if wanted and strategy_id is None:
            rows += _legs(engine, index)
    return PositionsView(time_ns=engine.now_ns, rows=rows)


def _legs(engine: Engine, index: int) -> list[PositionRow]:
    """Return both sides of a position in hedge mode."""
    market = engine.markets[index]
    return [
        _position(market, strategy_id, "long" if sign > 0 else "short", position)
        for sign, leg in sorted(engine.manager.legs(index).items(), reverse=True)
        for strategy_id, position in (("", leg.net), *sorted(leg.own.items()))
        if position.quantity
    ]


def _position(market: Market, strategy_id: str, hedge: str, position: Position) -> PositionRow:
    """Return one row."""
    instrument, mark = market.instrument, mark_price_of(market)
    return PositionRow(
        instrument=instrument.id,
        strategy=strategy_id,
        hedge=hedge,
        quantity=instrument.quantity_text(position.quantity),
        average_price=instrument.price_text(round(position.average_price)) if position.quantity else "",
        mark_price=instrument.price_text(mark) if mark > 0 else "",
        cost=money_text(position.cost_money),
        unrealised=money_text(position.unrealised(mark)) if mark > 0 else "",
        realised=money_text(position.realised_money),
        fees=money_text(position.fees),
        currency=instrument.currency,
        fills=position.fills,
    )


class _Sum:
    """What is added up for one row."""

    def __init__(self) -> None:
        self.realised = self.unrealised = self.fees = 0
        self.marked = True

    def add(self, position: Position, mark: int) -> None:
        self.realised += position.realised_money
        self.fees += position.fees
        if position.quantity and mark <= 0:
            self.marked = False
        elif position.quantity:
            self.unrealised += position.unrealised(mark)

    @property
    def net(self) -> int:
        return self.realised + self.unrealised - self.fees


def pnl_view(engine: Engine, base_currency: str = "") -> PnlView:
    """Return what was earned, in `base_currency`, else in the one in which all instruments are priced."""
    base = base_currency or common_currency(engine.markets)
    instruments: dict[tuple[str, str], _Sum] = {}
    strategies: dict[tuple[str, str], _Sum] = {}
    currencies: dict[tuple[str, str], _Sum] = {}
    for index, strategy_id, position in engine.manager.positions():
        if not position.fills:
            continue
        market = engine.markets[index]
        currency, mark = market.instrument.currency, mark_price_of(market)
        if strategy_id is not None:
            strategies.setdefault((strategy_id, currency), _Sum()).add(position, mark)
            continue
        instruments.setdefault((market.instrument.id, currency), _Sum()).add(position, mark)
        currencies.setdefault((currency, currency), _Sum()).add(position, mark)
    found = converted(base, engine.manager, {name: each.net for (name, _), each in currencies.items()}, ())
    unmarked = [name for (name, _), each in instruments.items() if not each.marked]
    return PnlView(
        time_ns=engine.now_ns,
        base_currency=base,
        total=money_text(found.total) if base else "",
        unpriced=[*found.unknown, *unmarked],
        by_instrument=_rows(engine, base, instruments),
        by_strategy=_rows(engine, base, strategies),
        by_currency=_rows(engine, base, currencies),
        funding={
            line.currency: money_text(-line.amount)
            for line in engine.manager.books.ledger.books.lines()
            if line.account == ACCOUNTS[FUNDING]
        },
    )


def _rows(engine: Engine, base: str, sums: dict[tuple[str, str], _Sum]) -> list[PnlRow]:
    """Return sums as rows, each with its value in the base currency."""
    rows = []
    for (name, currency), each in sorted(sums.items()):
        rate = engine.manager.books.rates.find(currency, base) if base else None
        value = rate_text = ""
        if rate is not None:
            worth = abs(each.net) * rate.numerator // rate.denominator
            value = money_text(worth if each.net > 0 else -worth)
            rate_text = money_text(rate.numerator * 10**18 // rate.denominator, RATE_DECIMALS)
        rows.append(
            PnlRow(
                name=name,
                currency=currency,
                realised=money_text(each.realised),
                unrealised=money_text(each.unrealised),
                fees=money_text(each.fees),
                net=money_text(each.net),
                value=value,
                rate=rate_text,
                path="" if rate is None else rate.path,
                marked=each.marked,
            )
        )
    return rows
