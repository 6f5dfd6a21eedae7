"""A venue as a seeded model: it trades, and loses, repeats, delays and reorders what it says.

Its own ledger is the oracle. Whatever it is asked is answered from a view that may lag behind its matching.
"""

import heapq
import random
from dataclasses import dataclass, field, replace

from msgspec.structs import replace as replace_struct

from core.events import AccountMoved, OrderReport, ReportType
from core.evidence import (
    AccountFacts,
    EvidenceGiven,
    Subject,
    VenueBalance,
    VenueFill,
    VenueMove,
    VenueOrder,
    VenueOrderStatus,
    VenuePosition,
)
from core.ids import parse_revision_id, revision_id
from core.instruments import AssetClass, Instrument
from core.money import MONEY_UNIT
from core.orders import ApprovedCancel, ApprovedReplace, ApprovedSubmit, OrderIntent, Side
from oms.positions import apply_fill
from oms.terms import Terms

SECOND = 1_000_000_000
SPOT = Instrument(
    symbol="BTCUSDT",
    venue="MODEL",
    asset_class=AssetClass.CRYPTO_SPOT,
    base="BTC",
    quote="USDT",
    price_precision=2,
    size_precision=5,
    tick=1,
    lot=1,
)
PERPETUAL = Instrument(
    symbol="ETHUSDT",
    venue="MODEL",
    asset_class=AssetClass.PERPETUAL,
    base="ETH",
    quote="USDT",
    settlement="USDT",
    price_precision=1,
    size_precision=3,
    tick=1,
    lot=1,
    native=("replace",),
)
INSTRUMENTS = (SPOT, PERPETUAL)
LIVE = VenueOrderStatus.WORKING


@dataclass(frozen=True)
class Faults:
    """How likely each fault is, per message; `lag_ns` bounds how far answers lag."""

    lose_request: float = 0.0
    lose_reply: float = 0.0
    drop: float = 0.0
    repeat: float = 0.0
    delay: float = 0.0
    fail_query: float = 0.0
    lag_ns: int = 0
    late: float = 0.0  # a replacement comes up to 20 s late, and nobody tells what became of it


@dataclass
class There:
    """An order at the venue."""

    intent: OrderIntent
    venue_order_id: str
    status: VenueOrderStatus = LIVE
    filled: int = 0
    updated_ns: int = 0


@dataclass
class ModelVenue:
    """Orders and fills by its own word; `outbox` holds (due, number, what) on their way to the daemon."""

    dice: random.Random
    faults: Faults = field(default_factory=Faults)
    orders: dict[str, There] = field(default_factory=dict)
    fills: list[VenueFill] = field(default_factory=list)
    moves: list[VenueMove] = field(default_factory=list)
    views: list[tuple[int, dict[str, There], int]] = field(default_factory=list)
    inbox: list[tuple[int, int, object]] = field(default_factory=list)
    outbox: list[tuple[int, int, object]] = field(default_factory=list)
    now_ns: int = 0
    count: int = 0
    lost: int = 0
    nameless: bool = False  # past fills name their orders by the venue's id alone, as `myTrades` of Binance spot does

    def happens(self, chance):
        return self.dice.random() < chance

    def number(self):
        self.count += 1
        return self.count

    # -- what the daemon sends -------------------------------------------------------------------------------------

    def send(self, command):
        """A command leaves the daemon; it arrives, or does not, and is answered in the end."""
        name = name_of(command)
        if self.happens(self.faults.lose_request):
            self.lost += 1
            self.say(OrderReport(type=ReportType.OUTCOME_UNKNOWN, client_order_id=name), self.wait(2))
            return
        late = self.faults.late and isinstance(command, ApprovedReplace) and self.happens(self.faults.late)
        if late:
            self.lost += 1
            self.say(OrderReport(type=ReportType.OUTCOME_UNKNOWN, client_order_id=name), self.wait(2))
        heapq.heappush(self.inbox, (self.now_ns + self.wait(20 if late else 0.2), self.number(), command))

    def wait(self, seconds):
        return self.dice.randrange(1, int(seconds * SECOND))

    def arrive(self, command):
        silent = self.happens(self.faults.lose_reply)
        if isinstance(command, ApprovedSubmit):
            name = command.intent.client_order_id
            assert name not in self.orders, "one intent became two orders"
            self.orders[name] = There(command.intent, f"v{self.number()}", updated_ns=self.now_ns)
            self.answer(name, ReportType.ACCEPTED, silent)
            return
        if isinstance(command, ApprovedReplace):
            self.replace(command, silent)
            return
        assert isinstance(command, ApprovedCancel)
        name = command.client_order_id
        order = self.orders.get(name)
        if order is None or order.status is not LIVE:
            self.answer(name, ReportType.CANCEL_REJECTED, silent)
        elif not (silent and self.happens(0.3)):  # else acknowledged without effect, and nothing is told
            order.status, order.updated_ns = VenueOrderStatus.CANCELLED, self.now_ns
            self.answer(name, ReportType.CANCELLED, silent)

    def replace(self, command, silent):
        """Cancel what works of an order and take what is left of it as a new one."""
        name = name_of(command)
        assert name not in self.orders, "one replacement became two orders"
        legs = [each for each in self.orders if stem_of(each) == command.client_order_id]
        live = [each for each in legs if self.orders[each].status is LIVE]
        if command.venue_order_id:  # that leg is meant, and no other: it may have been replaced by then
            live = [each for each in live if self.orders[each].venue_order_id == command.venue_order_id]
        if not live:
            self.answer(name, ReportType.REPLACE_REJECTED, silent)
            return
        (old,) = live
        there = self.orders[old]
        there.status, there.updated_ns = VenueOrderStatus.CANCELLED, self.now_ns
        intent = replace_struct(
            there.intent, client_order_id=name, price=command.price, quantity=command.quantity - command.filled
        )
        self.orders[name] = There(intent, f"v{self.number()}", updated_ns=self.now_ns)
        self.answer(old, ReportType.CANCELLED, False)
        self.answer(name, ReportType.ACCEPTED, silent)

    def answer(self, name, kind, silent):
        order = self.orders.get(name)
        venue_order_id = "" if order is None else order.venue_order_id
        if silent:
            self.lost += 1
            kind, venue_order_id = ReportType.OUTCOME_UNKNOWN, ""
        self.say(OrderReport(type=kind, client_order_id=name, venue_order_id=venue_order_id), self.wait(0.2))

    def say(self, report, after_ns):
        """Put a report on its way; OUTCOME_UNKNOWN is the connector's own word, which nothing loses."""
        sure = isinstance(report, OrderReport) and report.type is ReportType.OUTCOME_UNKNOWN
        if not sure and self.happens(self.faults.drop):
            self.lost += 1
            return
        if not sure and self.happens(self.faults.delay):
            after_ns += self.wait(3)
        heapq.heappush(self.outbox, (self.now_ns + after_ns, self.number(), report))
        if not sure and self.happens(self.faults.repeat):
            heapq.heappush(self.outbox, (self.now_ns + after_ns + self.wait(5), self.number(), report))

    # -- what it does ----------------------------------------------------------------------------------------------

    def trade(self):
        """Fill something of a random order."""
        live = [name for name, order in self.orders.items() if order.status is LIVE]
        if live:
            name = self.dice.choice(live)
            order = self.orders[name]
            self.fill(name, self.dice.randint(1, order.intent.quantity - order.filled))

    def fill(self, name, quantity):
        order, intent = self.orders[name], self.orders[name].intent
        order.filled += quantity
        order.updated_ns = self.now_ns
        if order.filled == intent.quantity:
            order.status = VenueOrderStatus.FILLED
        fill = VenueFill(
            client_order_id=name,
            venue_order_id=order.venue_order_id,
            exec_id=f"x{self.number()}",
            instrument=intent.instrument,
            side=intent.side,
            price=intent.price,
            quantity=quantity,
            fee=str(quantity * 10**12),
            fee_currency="USDT",
            liquidity=None,
            venue_ns=self.now_ns,
        )
        self.fills.append(fill)
        report = OrderReport(
            type=ReportType.FILLED,
            client_order_id=name,
            venue_order_id=order.venue_order_id,
            exec_id=fill.exec_id,
            price=fill.price,
            quantity=quantity,
            fee=fill.fee,
            fee_currency="USDT",
        )
        self.say(report, self.wait(0.2))

    def pay(self):
        """Move money for a position, one of few amounts: its history tells that, and its stream under another name.

        The stream tells the time, as the venue has it, and no symbol. Who never held anything pays nothing.
        """
        if not any(fill.instrument == 1 for fill in self.fills):
            return
        number, amount = self.number(), self.dice.choice((-2, -1, 1)) * MONEY_UNIT // 1000
        self.moves.append(
            VenueMove(
                move_id=f"m{number}",
                instrument=1,
                currency="USDT",
                amount=str(amount),
                reason="funding",
                venue_ns=self.now_ns,
                symbol=PERPETUAL.symbol,
            )
        )
        told = AccountMoved(
            venue="MODEL",
            move_id=f"told-{number}",
            currency="USDT",
            amount=str(amount),
            reason="funding",
            moved_ns=self.now_ns,
        )
        self.say(told, self.wait(0.2))

    def note(self):
        """Keep a view of this moment, for answers that lag."""
        if self.faults.lag_ns or self.views:
            self.views.append((self.now_ns, {n: replace(o) for n, o in self.orders.items()}, len(self.fills)))
            while len(self.views) > 1 and self.views[1][0] < self.now_ns - 6 * SECOND:
                del self.views[0]

    # -- what it is asked ------------------------------------------------------------------------------------------

    def ask(self, wanted):
        """Answer a question from a view that may lag, after a while."""
        asked_ns = self.now_ns
        failed = self.happens(self.faults.fail_query)
        given = {"failure": "no answer in time"} if failed else self.look(wanted)
        answer = EvidenceGiven(
            number=wanted.number, venue=wanted.venue, subject=wanted.subject, asked_ns=asked_ns, **given
        )
        heapq.heappush(self.outbox, (self.now_ns + self.wait(0.3), self.number(), answer))

    def look(self, wanted):
        lag_ns = self.dice.randrange(self.faults.lag_ns) if self.faults.lag_ns else 0
        orders, fills = self.orders, self.fills
        if lag_ns:
            past = [view for view in self.views if view[0] <= self.now_ns - lag_ns]
            _, orders, known = past[-1] if past else (0, {}, 0)
            fills = fills[:known]
        if wanted.subject is Subject.OPEN_ORDERS:
            return {"orders": tuple(told(n, o) for n, o in orders.items() if o.status is LIVE)}
        if wanted.subject is Subject.ORDER:
            order = orders.get(wanted.client_order_id)
            return {"absent": True} if order is None else {"orders": (told(wanted.client_order_id, order),)}
        if wanted.subject is Subject.FILLS:
            wished = [f for f in fills if f.instrument == wanted.instrument and f.venue_ns >= wanted.since_ns]
            if self.nameless:
                wished = [replace_struct(fill, client_order_id="") for fill in wished]
            return {"fills": tuple(wished[:3]), "complete": len(wished) <= 3}
        moves = [move for move in self.moves if move.venue_ns <= self.now_ns - lag_ns]
        if wanted.subject is Subject.MOVES:
            wished_moves = [move for move in moves if move.venue_ns >= wanted.since_ns]
            return {"moves": tuple(wished_moves[:3]), "complete": len(wished_moves) <= 3}
        if wanted.subject is Subject.BALANCES:
            balances = balances_of(fills, moves)
            return {"balances": tuple(VenueBalance(currency=c, total=str(t)) for c, t in balances.items())}
        if wanted.subject is Subject.POSITIONS:
            quantity, cost, _ = position_of(fills, 1)
            entry = (2 * cost + quantity) // (2 * quantity) if quantity else 0
            return {"positions": (VenuePosition(instrument=1, symbol="ETHUSDT", quantity=quantity, entry_price=entry),)}
        return {"account": AccountFacts(may_trade=True, may_withdraw=False)}


def name_of(command):
    """Whom the answer to a command names."""
    if isinstance(command, ApprovedSubmit):
        return command.intent.client_order_id
    if isinstance(command, ApprovedReplace):
        return revision_id(command.client_order_id, command.revision)
    return command.client_order_id


def stem_of(name: str) -> str:
    """The order that an id of ours names, whatever its revision."""
    parsed = parse_revision_id(name)
    assert parsed is not None, f"{name} is not an id of ours"
    return parsed[0]


def told(name, order):
    """An order as the venue tells it."""
    intent = order.intent
    return VenueOrder(
        client_order_id=name,
        venue_order_id=order.venue_order_id,
        instrument=intent.instrument,
        symbol=INSTRUMENTS[intent.instrument].symbol,
        side=Side(intent.side),
        status=order.status,
        price=intent.price,
        quantity=intent.quantity,
        filled=order.filled,
        updated_ns=order.updated_ns,
        hedge=intent.terms.hedge if intent.terms is not None else None,
    )


def position_of(fills, instrument):
    """(quantity, cost, realised) of a list of fills."""
    quantity = cost = profit = 0
    for fill in fills:
        if fill.instrument == instrument:
            quantity, cost, realised = apply_fill(quantity, cost, int(fill.side), fill.quantity, fill.price)
            profit += realised
    return quantity, cost, profit


def balances_of(fills, moves=()):
    """What the account owns after a list of fills, and of money moved."""
    spot, perpetual = Terms(SPOT), Terms(PERPETUAL)
    usdt, btc = 100_000 * MONEY_UNIT + sum(int(move.amount) for move in moves), 3 * MONEY_UNIT
    for fill in fills:
        usdt -= int(fill.fee)
        if fill.instrument == 0:
            usdt -= int(fill.side) * fill.quantity * fill.price * spot.value_factor
            btc += int(fill.side) * fill.quantity * spot.base_factor
    usdt += position_of(fills, 1)[2] * perpetual.value_factor
    return {"USDT": usdt, "BTC": btc}
