"""A venue's statement of trades, as CSV: Binance's own exports, or any other by a mapping in TOML.

Binance's trade history exports, by their first lines:

    spot       "Date(UTC)","Pair","Side","Price","Executed","Amount","Fee"      1.5BTC, 0.0015BNB: with the currency
    spot, old  Date(UTC),Market,Type,Price,Amount,Total,Fee,Fee Coin
    USD-M      Date(UTC),Symbol,Side,Price,Quantity,Amount,Fee,Fee Coin,Realized Profit,Quote Asset

Neither tells the numbers of trades, and times are whole seconds.
"""

import csv
import datetime as dt
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from daemon.errors import UsageError

_SPOT = ("Date(UTC)", "Pair", "Side", "Price", "Executed", "Amount", "Fee")
_SPOT_OLD = ("Date(UTC)", "Market", "Type", "Price", "Amount", "Total", "Fee", "Fee Coin")
_USDM = ("Date(UTC)", "Symbol", "Side", "Price", "Quantity", "Amount", "Fee")
_NUMBER = re.compile(r"[+-]?[\d,]*\.?\d+(?:[eE][+-]?\d+)?")
_NOT_IN_SYMBOLS = re.compile(r"[^A-Z0-9]")
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """One execution as either side tells it. `fee_currency` "" or `fee` None: not told, and not compared.

    `place` says where it stands: the line of a statement, or session and record.
    """

    time_ns: int
    symbol: str
    side: str
    price: Decimal
    quantity: Decimal
    fee: Decimal | None
    fee_currency: str
    id: str
    place: str


class Columns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which column of a statement is what; those that are "" it does not have."""

    time: str
    symbol: str
    side: str
    price: str
    quantity: str
    fee: str = ""
    fee_currency: str = ""
    id: str = ""


class StatementForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How another venue's statement is read: the TOML file that `--mapping` names.

    `time`: "iso", "s", "ms", "us" or "ns" since 1970, or a format such as "%d/%m/%Y %H:%M:%S"; UTC. Numbers may have
    commas between thousands, and a currency behind them.
    """

    columns: Columns
    time: Annotated[str, Meta(min_length=1)] = "iso"
    delimiter: Annotated[str, Meta(min_length=1, max_length=1)] = ","
    buy: tuple[str, ...] = ("BUY", "B")
    sell: tuple[str, ...] = ("SELL", "S")


def _binance(symbol: str, side: str, quantity: str, fee_currency: str) -> StatementForm:
    """Return how one of Binance's exports is read: they differ in the names of these columns alone."""
    return StatementForm(
        columns=Columns(
            time="Date(UTC)",
            symbol=symbol,
            side=side,
            price="Price",
            quantity=quantity,
            fee="Fee",
            fee_currency=fee_currency,
        )
    )


_BINANCE = {
    _SPOT: _binance("Pair", "Side", "Executed", "Fee"),
    _SPOT_OLD: _binance("Market", "Type", "Amount", "Fee Coin"),
}


def symbol_key(symbol: str) -> str:
    """Return a symbol as both sides may write it: `BTC/USDT`, `btc-usdt` and `BTCUSDT` are one."""
    return _NOT_IN_SYMBOLS.sub("", symbol.upper())


def read_mapping(path: Path) -> StatementForm:
    """Return what a mapping file says. Raises UsageError."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), StatementForm)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"the mapping {path}: {error}; docs/audit.md shows one") from error


def read_statement(path: Path, mapping: StatementForm | None = None) -> list[Trade]:
    """Return the trades of a statement, in its order. Raises UsageError with the line that does not read."""
    delimiter = "," if mapping is None else mapping.delimiter
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            header = [name.strip() for name in next(reader, [])]
            how = _mapping_of(header, path) if mapping is None else mapping
            return list(_trades(path, reader, header, how))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"the statement {path} does not read: {error}") from error


def _mapping_of(header: Sequence[str], path: Path) -> StatementForm:
    """Return how the statement with this first line is read. Raises UsageError."""
    known = _BINANCE.get(tuple(header))
    if known is not None:
        return known
    if tuple(header[: len(_USDM)]) == _USDM:
        currency = next((name for name in ("Fee Coin", "Quote Asset") if name in header), "")
        return _binance("Symbol", "Side", "Quantity", currency)
    raise UsageError(
        f"{path} begins with {','.join(header)[:200]!r}, which is no trade history of Binance's; "
        "say by --mapping FILE which column is what"
    )


def _trades(path: Path, reader: Iterator[list[str]], header: Sequence[str], how: StatementForm) -> Iterator[Trade]:
    columns = {name: getattr(how.columns, name) for name in Columns.__struct_fields__}
    missing = [column for column in columns.values() if column and column not in header]
    if missing:
        raise UsageError(f"{path} has no column {missing[0]!r}; it has {', '.join(header)}")
    at = {name: header.index(column) for name, column in columns.items() if column}
    read_time = _reader_of(how.time)
    for line, row in enumerate(reader, 2):
        if not any(cell.strip() for cell in row):
            continue
        try:
            yield _trade({name: row[index].strip() for name, index in at.items()}, how, read_time, f"line {line}")
        except (ValueError, IndexError, InvalidOperation, OverflowError) as error:
            raise UsageError(f"{path}, line {line}: {error!r}: {','.join(row)[:200]}") from error


def _trade(cells: Mapping[str, str], how: StatementForm, read_time: Callable[[str], int], place: str) -> Trade:
    symbol = symbol_key(cells["symbol"])
    side = cells["side"].upper()
    if side not in how.buy and side not in how.sell:
        raise ValueError(f"{cells['side']!r} is no side")
    fee, currency = None, cells.get("fee_currency", "")
    if cells.get("fee"):
        fee, suffix = _split(cells["fee"], symbol)
        currency = suffix if how.columns.fee_currency == how.columns.fee else currency
    return Trade(
        time_ns=read_time(cells["time"]),
        symbol=symbol,
        side="buy" if side in how.buy else "sell",
        price=_split(cells["price"], symbol)[0],
        quantity=_split(cells["quantity"], symbol)[0],
        fee=fee,
        fee_currency=currency,
        id=cells.get("id", ""),
        place=place,
    )


def _split(text: str, symbol: str) -> tuple[Decimal, str]:
    """Return a number and the currency behind it, "" without: `12.51INCH` of 1INCHUSDT is 12.5 of 1INCH."""
    for length in range(len(text) - 1, 0, -1):
        currency = text[-length:]
        if symbol.startswith(currency) and not currency.isdecimal() and _NUMBER.fullmatch(text[:-length]):
            return Decimal(text[:-length].replace(",", "")), currency
    found = _NUMBER.match(text)
    if found is None:
        raise ValueError(f"{text!r} is no number")
    return Decimal(found[0].replace(",", "")), text[found.end() :].strip()


def _reader_of(form: str) -> Callable[[str], int]:
    """Return what reads times of a form, as ns since 1970."""
    if form in _PER_SECOND:
        factor = 10**9 // _PER_SECOND[form]
        return lambda text: int(Decimal(text) * factor)
    if form == "iso":
        return lambda text: _ns(dt.datetime.fromisoformat(text))
    return lambda text: _ns(dt.datetime.strptime(text, form).replace(tzinfo=dt.UTC))


def _ns(moment: dt.datetime) -> int:
    """Return a time as ns since 1970; one without a zone is UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)
    return (aware - _EPOCH) // dt.timedelta(microseconds=1) * 1_000
