"""What a person may book of the account where no connector tells of it: a dividend, a split, a transfer.

| command | scope | args |
|---|---|---|
| `book-dividend` | an instrument | `amount` of one whole share, net; `currency` where it is not its own |
| `book-split` | an instrument | `new` shares for every `old`; `cash_price` for fractions that cannot be counted |
| `book-transfer` | a venue, or all where there is but one | `currency`, `amount`: negative where it went out |

Each takes an `id`, by which a repeat is known; without one it is the time of the command. What was booked is told by a
`BookedByHand` before what came of it, so the fold of a restart need not decide again. Money that a venue's own
connector tells of is refused: it would be booked twice.
"""

from collections.abc import Callable, Sequence

from core.bookings import DIVIDEND, SPLIT, TRANSFER, BookedByHand
from core.decimals import INT64_MAX, to_units
from core.effects import Alert, Severity
from core.errors import PrecisionError
from core.events import CommandReceived
from core.market import Market
from core.money import money, money_text
from core.records import NO_INSTRUMENT
from core.scopes import ALL, split_scope
from engine.desk import Desk
from oms.by_hand import event_of
from oms.corporate import no_shares

BOOK_DIVIDEND, BOOK_SPLIT, BOOK_TRANSFER = "book-dividend", "book-split", "book-transfer"
BOOKINGS = (BOOK_DIVIDEND, BOOK_SPLIT, BOOK_TRANSFER)
_DIGITS_MAX = 40
_SHARES_MAX = 1_000_000


class BookingCommands:
    """Books what a person tells, or says why not."""

    def __init__(self, desk: Desk, markets: list[Market], tells: Sequence[str]) -> None:
        """Book into the desk's books; the connectors of the venues in `tells` tell what moves on their accounts."""
        self._desk = desk
        self._manager = desk.manager
        self._markets = markets
        self._tells = tells

    def handlers(self) -> dict[str, Callable[[CommandReceived, int], str]]:
        """Return what carries each command out; each returns why not, empty where it did."""
        return {BOOK_DIVIDEND: self._dividend, BOOK_SPLIT: self._split, BOOK_TRANSFER: self._transfer}

    def _dividend(self, command: CommandReceived, now_ns: int) -> str:
        index = self._index(command.scope)
        if isinstance(index, str):
            return index
        instrument, amount = self._markets[index].instrument, _exact(command, "amount")
        if isinstance(amount, str):
            return amount
        if instrument.venue in self._tells:
            return _told_already(instrument.venue, "dividends")
        held = self._manager.position(index).quantity
        if not held:
            return f"nothing is held of {instrument.id}: a dividend of it pays nothing"
        currency = command.args.get("currency") or self._manager.terms(index).currency
        if (unknown := self._unknown(currency)) != "":
            return unknown
        booked = BookedByHand(
            instrument=index,
            what=DIVIDEND,
            venue=instrument.venue,
            booking_id=_name(command, now_ns),
            source=command.source,
            reason=command.reason,
            currency=currency,
            amount=str(amount),
        )
        return self._book(booked, now_ns, f"a dividend of {money_text(amount)} {currency} a share of {instrument.id}")

    def _split(self, command: CommandReceived, now_ns: int) -> str:
        index = self._index(command.scope)
        if isinstance(index, str):
            return index
        instrument = self._markets[index].instrument
        new, old = _shares(command, "new"), _shares(command, "old")
        if not new or not old or new == old:
            return (
                f"{command.args.get('new', '')!r} new shares for {command.args.get('old', '')!r} old ones is no split: "
                f"give two different whole numbers from 1 to {_SHARES_MAX}"
            )
        why = no_shares(self._manager.legs(index), self._manager.terms(index))
        if why:
            return why
        try:
            cash_price = to_units(command.args.get("cash_price", "0"), instrument.price_precision)
        except PrecisionError as error:
            return f"the price for fractions: {error}"
        if cash_price < 0:
            return "the price for fractions is negative"
        most = max(abs(position.quantity) for at, _, position in self._manager.positions() if at == index)
        if most * new // old > INT64_MAX:
            return "what is held would leave 64 bits: look at the ratio"
        booked = BookedByHand(
            instrument=index,
            what=SPLIT,
            venue=instrument.venue,
            booking_id=_name(command, now_ns),
            source=command.source,
            reason=command.reason,
            numerator=new,
            denominator=old,
            cash_price=cash_price,
        )
        return self._book(booked, now_ns, f"a split of {instrument.id}, {new} for {old}")

    def _transfer(self, command: CommandReceived, now_ns: int) -> str:
        venue = self._venue(command.scope or ALL)
        if not venue:
            known = ", ".join(f"venue:{each}" for each in self._venues())
            return f"say at which venue: {known or 'none is known yet'}"
        amount, currency = _exact(command, "amount"), command.args.get("currency", "")
        if isinstance(amount, str):
            return amount
        if not currency:
            return "give the currency"
        if venue in self._tells:
            return _told_already(venue, "transfers")
        if (unknown := self._unknown(currency)) != "":
            return unknown
        booked = BookedByHand(
            instrument=NO_INSTRUMENT,
            what=TRANSFER,
            venue=venue,
            booking_id=_name(command, now_ns),
            source=command.source,
            reason=command.reason,
            currency=currency,
            amount=str(amount),
        )
        return self._book(booked, now_ns, f"a transfer of {money_text(amount)} {currency} at {venue}")

    def _book(self, booked: BookedByHand, now_ns: int, what: str) -> str:
        """Book it, and say so."""
        if f"{booked.venue}:{booked.booking_id}" in self._manager.account.canonical():
            return f"{booked.booking_id!r} was booked before: a second one needs an id of its own"
        effects = self._desk.effects
        effects.append(booked)
        self._manager.account_event(event_of(booked), booked.instrument, effects, now_ns)
        message = f"{what} was booked as {booked.booking_id!r} for {booked.source or 'unknown'}: {booked.reason}"
        effects.append(Alert(severity=Severity.INFO, code="BOOKED", message=message, instrument=booked.instrument))
        return ""

    def _index(self, scope: str) -> int | str:
        """Return the instrument that a scope names, or why there is none. Raises ScopeError."""
        kind, name = split_scope(scope or ALL)
        if kind == "symbol":
            for market in self._markets:
                if market.instrument.id == name:
                    return market.index
        known = ", ".join(market.instrument.id for market in self._markets)
        return f"there is no instrument {name or kind!r} here; known are {known or 'none yet'}"

    def _venue(self, scope: str) -> str:
        """Return the venue that a scope names, the only one for all, empty where there is none. Raises ScopeError."""
        kind, name = split_scope(scope)
        venues = self._venues()
        if kind == "venue":
            return name if name in venues else ""
        return venues[0] if kind == ALL and len(venues) == 1 else ""

    def _venues(self) -> list[str]:
        return list(dict.fromkeys(market.instrument.venue for market in self._markets))

    def _unknown(self, currency: str) -> str:
        """Return why no money here is of a currency, empty where some is held or an instrument is of it."""
        ours = [each for market in self._markets for each in (market.instrument.base, market.instrument.quote)]
        settled = [self._manager.terms(market.index).currency for market in self._markets]
        known = sorted(dict.fromkeys([*self._manager.balances(), *ours, *settled]))
        if currency in known:
            return ""
        return f"{currency!r} is no currency of this session; known are {', '.join(known) or 'none'}"


def _name(command: CommandReceived, now_ns: int) -> str:
    """Return the name of a booking."""
    return command.args.get("id") or f"hand-{now_ns}"


def _exact(command: CommandReceived, name: str) -> int | str:
    """Return an argument as money that is not zero, or why it is none."""
    text = command.args.get(name, "")
    whole, point, fraction = text.removeprefix("-").partition(".")
    digits = whole + fraction
    plain = digits.isascii() and digits.isdecimal() and bool(whole) and bool(fraction) == bool(point)
    if not plain or len(text) > _DIGITS_MAX:
        return f"{name} {text[:_DIGITS_MAX]!r} is no exact decimal number such as 0.24 or -1500"
    try:
        return money(text) or f"{name} is zero: nothing would be booked"
    except PrecisionError as error:
        return str(error)


def _shares(command: CommandReceived, name: str) -> int:
    """Return one side of a ratio, 0 where it is none."""
    text = command.args.get(name, "")
    good = text.isascii() and text.isdecimal() and len(text) <= len(str(_SHARES_MAX))
    return int(text) if good and int(text) <= _SHARES_MAX else 0


def _told_already(venue: str, what: str) -> str:
    """Return why money at a venue is not booked by hand."""
    return (
        f"the connector of {venue} tells of {what} itself, from the venue's stream and history: booked by hand as well "
        "they would count twice; what it did not tell shows as a difference, see `tickerd release`"
    )
