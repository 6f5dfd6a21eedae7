"""What the screen says of trading for real: each venue on a line, what the books wait for, and the account's worth."""

from collections.abc import Sequence

from rich.text import Text

from daemon.screen import colours, words
from daemon.screen.needs import is_clock_off
from daemon.screen.table import Column, Part, cell, spread
from daemon.status import AccountStatus, DustStatus, LiveStatus, Status, VenueStatus, WorthStatus

WIDE = 96
DEAD_MAN_NS = 10 * words.SECOND_NS
BUSY = 0.8  # of an allowance
LINK = {"up": colours.GOOD, "partly": colours.CAUTION, "silent": colours.CAUTION, "down": colours.CAUTION}
BOOKS = {"agreed": colours.GOOD, "broken": colours.BAD, "comparing": colours.CAUTION, "waiting": colours.CAUTION}


def venues(rows: Sequence[VenueStatus], title: str, width: int) -> list[Column]:
    """Columns of the venues' links, books, unknown orders, allowances and clocks."""
    wide = width >= WIDE
    return [
        Column(title, [cell(v.venue, colours.FIGURE) for v in rows], flexible=True),
        Column("data", [_link(v.market_data) for v in rows]),
        Column("entry", [_entry(v) for v in rows]),
        Column("private", [_link(v.private) for v in rows]),
        Column("books", [_books(v) for v in rows], steady=12),
        Column("unknown", [_unknown(v) for v in rows], right=True),
        Column("weight", [_used(v.weight_used, v.weight_limit, wide=wide) for v in rows], right=True, steady=6),
        Column("orders", [_used(v.orders_used, v.orders_limit, wide=wide) for v in rows], right=True, rank=1, steady=6),
        Column("clock", [_clock(v, wide=wide) for v in rows], right=True, rank=2, steady=8),
    ]


def venue_is_well(venue: VenueStatus) -> bool:
    """Whether nothing keeps orders from being opened there."""
    links = (venue.market_data, venue.orders, venue.private)
    return all(each == "up" for each in links) and venue.books == "agreed" and not is_clock_off(venue)


def _link(state: str) -> Text:
    """One link: up, or what else it is."""
    return cell(f"● {state}", LINK.get(state, colours.CAUTION))


def _entry(venue: VenueStatus) -> Text:
    """The way of orders: the socket, REST behind it, or that the venue wants silence or is out of service."""
    if venue.link == "maintenance":
        return cell("● maintenance", colours.CAUTION)
    if venue.orders == "silent":
        return cell(f"● silent {words.latency_text(venue.silent_ns)}", colours.CAUTION)
    return _link(venue.orders)


def _books(venue: VenueStatus) -> Text:
    """Whether the figures agree, and how long ago they were compared."""
    age = f" {words.latency_text(venue.books_age_ns)}" if venue.books_age_ns >= 0 else ""
    shown = venue.books if venue.books in {"comparing", "waiting"} else venue.books + age
    return cell(shown, BOOKS.get(venue.books, colours.CAUTION))


def _unknown(venue: VenueStatus) -> Text:
    """How many orders have an outcome that nobody told, and the age of the oldest."""
    if not venue.unknown_orders:
        return cell("0", colours.QUIET)
    return cell(f"{venue.unknown_orders:,}, {words.latency_text(venue.unknown_age_ns)}", f"bold {colours.CAUTION}")


def _used(used: int, limit: int, *, wide: bool) -> Text:
    """How much of an allowance is used: the figures where there is room, else the share."""
    if limit <= 0:
        return cell(words.NOTHING, colours.QUIET)
    share = used / limit
    text = f"{used:,}/{limit:,}" if wide else f"{share:.0%}"
    return cell(text, f"bold {colours.CAUTION}" if share >= BUSY else "")


def _clock(venue: VenueStatus, *, wide: bool) -> Text:
    """The venue's clock less ours, and how much is allowed; red only where it keeps orders from being opened."""
    sign = "-" if venue.clock_offset_ns < 0 else "+"
    text = sign + words.latency_text(abs(venue.clock_offset_ns))
    if wide:
        text += f" of {words.latency_text(venue.clock_bound_ns)}"
    return cell(text, f"bold {colours.BAD}" if is_clock_off(venue) else "")


def footnotes(live: LiveStatus, width: int) -> list[Text]:
    """Return the lines below the venues: what each waits for, then what is the whole session's."""
    lines = [_waits(venue, width) for venue in live.venues if venue.books in {"waiting", "comparing"}]
    foreign, age_ns = live.foreign_orders, live.snapshot_age_ns
    parts = [
        Part(0, _named("foreign orders", f"{foreign:,} (policy: {live.foreign_policy})", alarming=foreign)),
        *(_dead_man(venue) for venue in live.venues if venue.dead_man_ns is not None),
        *(_waiting(venue) for venue in live.venues if venue.queued),
        *(_by_rest(venue) for venue in live.venues if venue.fallbacks),
        Part(4, _named("lease", f"{live.account}, orders {live.order_prefix}…")),
        Part(5, _named("snapshot", words.latency_text(age_ns) if age_ns >= 0 else "none yet")),
        *(_kept(venue) for venue in live.venues[:1]),
    ]
    return [*lines, spread(parts, [], width, 2)]


def _waits(venue: VenueStatus, width: int) -> Text:
    """What keeps a venue's orders from being opened at the moment."""
    text = f"{venue.venue} opens nothing yet: "
    if venue.books == "waiting":
        text += f"waits for {venue.step or 'the daemon to begin comparing'}"
    else:
        text += f"comparing {venue.step}" if venue.waits_for else venue.step or "comparing"
        text += f", waits for {', '.join(venue.waits_for)}" if venue.waits_for else ""
    if venue.last_error:
        text += f"; last error: {venue.last_error}"
    return cell(words.clipped(text, width), colours.CAUTION)


def _dead_man(venue: VenueStatus) -> Part:
    """How long until the venue cancels everything by itself."""
    left_ns = venue.dead_man_ns or 0
    text = words.latency_text(left_ns) if left_ns else "not armed"
    return Part(1, _named(f"{venue.venue} timer", text, alarming=left_ns < DEAD_MAN_NS))


def _kept(venue: VenueStatus) -> Part:
    """How much of the weight is kept for cancels."""
    return Part(6, _named("kept for cancels", f"{venue.cancel_share:.0%}"))


def _waiting(venue: VenueStatus) -> Part:
    """Commands that wait for their allowance."""
    return Part(1, _named("waiting", f"{venue.queued:,}", alarming=True))


def _by_rest(venue: VenueStatus) -> Part:
    """Commands that went by REST, since the socket was down."""
    return Part(3, _named("by REST", f"{venue.fallbacks:,}"))


def _named(name: str, value: str, *, alarming: object = False) -> Text:
    """Return `name value`, the name quiet."""
    return Text.assemble(cell(name, colours.QUIET), " ", cell(value, colours.CAUTION if alarming else ""))


# -- the account -------------------------------------------------------------------------------------------------------


def equity(account: AccountStatus | None) -> Text | None:
    """Return `equity 100,123.45 USDT`, None where there is nothing to count in; and what has no price."""
    amount = None if account is None else words.number(account.equity)
    if account is None or amount is None or not account.worth:
        return None
    text = words.money_text(amount, words.money_decimals([amount]))
    told = Text.assemble(("equity ", colours.QUIET), cell(f"{text} {account.base_currency}", colours.FIGURE))
    if account.unpriced:
        told.append(" ").append_text(cell(words.clipped(f"without {', '.join(account.unpriced)}", 24), colours.QUIET))
    return told


def balances(status: Status, title: str) -> list[Column]:
    """Columns of the cash by currency: what open orders hold of it, what it is worth, and at which rate."""
    worth = {each.currency: each for each in (status.account.worth if status.account else [])}
    ordered = _dearest_first(status.balances, worth)
    rows = [worth.get(currency) or _bare(currency, amount) for currency, amount in ordered]
    base = status.account.base_currency if status.account else ""
    amounts = [words.balance_text(words.number(row.amount)) for row in rows]
    columns = [
        Column(title, [cell(row.currency, colours.FIGURE) for row in rows], flexible=True),
        Column("amount", [cell(text, colours.BAD if text.startswith("-") else "") for text in amounts], right=True),
    ]
    if any(words.number(row.held) for row in rows):
        held = [cell(_money(row.held) if words.number(row.held) else words.NOTHING) for row in rows]
        columns.append(Column("held", held, right=True, rank=1))
    if base and len(rows) > 1:
        columns.append(Column("rate", [cell(_rate(row), colours.QUIET) for row in rows], right=True, rank=3))
        columns.append(
            Column(words.clipped(f"in {base}", 12), [cell(_money(row.value)) for row in rows], right=True, rank=2)
        )
    return columns


def balances_line(status: Status, width: int) -> Text:
    """Return the cash on one line, for a small screen."""
    worth = {each.currency: each for each in (status.account.worth if status.account else [])}
    parts = [Part(0, Text("BALANCES", style=colours.TITLE))]
    for rank, (currency, amount) in enumerate(_dearest_first(status.balances, worth), start=1):
        held = words.number(worth[currency].held) if currency in worth else None
        text = Text.assemble(cell(words.balance_text(words.number(amount)), colours.FIGURE), " ", cell(currency))
        if held:
            text.append(" ").append_text(cell(f"({_money(worth[currency].held)} held)", colours.QUIET))
        parts.append(Part(min(rank, 9), text))
    parts += [Part(9, cell(f"dust {each.quantity} {each.instrument}", colours.QUIET)) for each in _dust(status)]
    return spread(parts, [], width, 3)


def _dearest_first(amounts: dict[str, str], worth: dict[str, WorthStatus]) -> list[tuple[str, str]]:
    """Return the balances, those first that are worth the most; those without a price come last."""
    values = {name: words.number(worth[name].value) if name in worth else None for name in amounts}
    return sorted(amounts.items(), key=lambda item: (values[item[0]] is None, -(values[item[0]] or 0), item[0]))


def dust_text(status: Status) -> str:
    """Return what is dust and why, "" for none."""
    return "; ".join(f"dust: {each.quantity} of {each.instrument}, {each.why}" for each in _dust(status))


def _dust(status: Status) -> list[DustStatus]:
    return status.account.dust if status.account else []


def _bare(currency: str, amount: str) -> WorthStatus:
    """A currency of which the account has nothing, or of which nothing more is known."""
    return WorthStatus(currency=currency, amount=amount, held="0", value="", rate="", path="")


def _money(text: str) -> str:
    """An amount for a narrow column."""
    amount = words.number(text)
    return words.NOTHING if amount is None else words.money_text(amount, words.money_decimals([amount]))


def _rate(row: WorthStatus) -> str:
    """A rate, none for the base currency itself."""
    rate = words.number(row.rate)
    return words.NOTHING if rate is None or not row.path else words.balance_text(rate)
