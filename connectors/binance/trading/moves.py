"""Evidence of money that the venue moved without an order: which histories are asked, and what their rows mean.

USDⓈ-M has one: `GET /fapi/v1/income`, "'trandId' is unique in the same incomeType for a user", and it "only contains
data for the last three months". Spot has one for each way: deposits, withdrawals, dividends ("assetDividend"),
transfers between wallets. What Binance moves on spot beside these (conversions of small balances, for one) is told by
no history that is asked here.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec
from msgspec import field

from connectors.binance.settings import Market
from connectors.binance.trading.replies import Asking, Reply
from connectors.binance.trading.requests import Target
from core.evidence import VenueMove
from core.money import money
from core.records import NO_INSTRUMENT

_NS_PER_MS = 1_000_000
_PAGE = 1000
_PAGES_MAX = 20

_INCOME = Target("", "GET", "/fapi/v1/income", 30)
_DEPOSITS = Target("", "GET", "/sapi/v1/capital/deposit/hisrec", 1)
_WITHDRAWALS = Target("", "GET", "/sapi/v1/capital/withdraw/history", 1)
_DIVIDENDS = Target("", "GET", "/sapi/v1/asset/assetDividend", 10)
_TRANSFERS = Target("", "GET", "/sapi/v1/asset/transfer", 1)

_OF_TRADES = ("REALIZED_PNL", "COMMISSION", "DELIVERED_SETTELMENT")  # executions tell these
_REASONS = {
    "FUNDING_FEE": "funding",
    "AUTO_EXCHANGE": "convert",
    "POSITION_LIMIT_INCREASE_FEE": "fee",
    **dict.fromkeys(("REFERRAL_KICKBACK", "COMMISSION_REBATE", "API_REBATE", "FEE_RETURN"), "rebate"),
}
_CREDITED = (1, 6)  # deposits: "1:success, 6:credited but cannot withdraw"
_NEVER_LEFT = (1, 3, 5)  # withdrawals: cancelled, rejected, failed
_WAYS = {"MAIN_UMFUTURE": -1, "UMFUTURE_MAIN": 1, "MAIN_FUNDING": -1, "FUNDING_MAIN": 1}

Get = Callable[[Target, dict[str, str]], Asking[Reply]]


class _Income(msgspec.Struct, gc=False):
    symbol: str
    kind: str = field(name="incomeType")
    amount: str = field(name="income")
    asset: str
    time_ms: int = field(name="time")
    number: int | str = field(name="tranId")


class _Deposit(msgspec.Struct, gc=False):
    id: str | int
    amount: str
    coin: str
    status: int
    insert_ms: int = field(name="insertTime")
    complete_ms: int | None = field(name="completeTime", default=None)


class _Withdrawal(msgspec.Struct, gc=False):
    id: str | int
    amount: str
    coin: str
    status: int
    applied: str = field(name="applyTime")
    fee: str = field(name="transactionFee", default="0")


class _Dividend(msgspec.Struct, gc=False):
    id: int | str
    amount: str
    asset: str
    time_ms: int = field(name="divTime")
    info: str = field(name="enInfo", default="")


class _Dividends(msgspec.Struct):
    rows: list[_Dividend] = []


class _Transfer(msgspec.Struct, gc=False):
    asset: str
    amount: str
    status: str
    number: int | str = field(name="tranId")
    time_ms: int = field(name="timestamp")


class _Transfers(msgspec.Struct):
    rows: list[_Transfer] = []


_decode_income = msgspec.json.Decoder(list[_Income]).decode
_decode_deposits = msgspec.json.Decoder(list[_Deposit]).decode
_decode_withdrawals = msgspec.json.Decoder(list[_Withdrawal]).decode
_decode_dividends = msgspec.json.Decoder(_Dividends).decode
_decode_transfers = msgspec.json.Decoder(_Transfers).decode


def moves(
    market: Market, get: Get, indexes: Mapping[str, int], since_ms: int, until_ms: int
) -> Asking[tuple[list[VenueMove], bool]]:
    """Ask for what was moved since a time; return it, and whether it is all. Raises what `get` and decoding raise."""
    window = {"startTime": str(since_ms), "endTime": str(until_ms)}
    if market is Market.USDM:
        return (yield from _incomes(get, indexes, window))
    return (yield from _wallet(get, window))


def _incomes(get: Get, indexes: Mapping[str, int], window: dict[str, str]) -> Asking[tuple[list[VenueMove], bool]]:
    found: list[VenueMove] = []
    for page in range(1, _PAGES_MAX + 1):
        reply = yield from get(_INCOME, window | {"limit": str(_PAGE), "page": str(page)})
        rows = _decode_income(reply.body)
        found += [_income(row, indexes) for row in rows if row.kind not in _OF_TRADES]
        if len(rows) < _PAGE:
            return found, True
    return found, False


def _income(row: _Income, indexes: Mapping[str, int]) -> VenueMove:
    reason = _REASONS.get(row.kind) or ("transfer" if "TRANSFER" in row.kind else row.kind.lower())
    return VenueMove(
        move_id=f"income-{row.kind}-{row.number}",
        instrument=indexes.get(row.symbol, NO_INSTRUMENT) if reason == "funding" else NO_INSTRUMENT,
        currency=row.asset,
        amount=str(money(row.amount)),
        reason=reason,
        venue_ns=row.time_ms * _NS_PER_MS,
        detail="" if reason in {"funding", "transfer"} else row.kind,
        symbol=row.symbol if reason == "funding" else "",
    )


def _wallet(get: Get, window: dict[str, str]) -> Asking[tuple[list[VenueMove], bool]]:
    """Ask the histories of the spot wallet one after the other; one that is not offered tells nothing."""
    found: list[VenueMove] = []
    limit = {"limit": str(_PAGE)}
    lengths = []
    reply = yield from get(_DEPOSITS, window | limit)
    if reply.ok:
        deposits = _decode_deposits(reply.body)
        lengths.append(len(deposits))
        for row in deposits:
            if row.status in _CREDITED:
                when_ms = row.complete_ms or row.insert_ms
                found.append(_move(f"deposit-{row.id}", row.coin, money(row.amount), "transfer", when_ms, "deposit"))
    reply = yield from get(_WITHDRAWALS, window | limit)
    if reply.ok:
        withdrawals = _decode_withdrawals(reply.body)
        lengths.append(len(withdrawals))
        for gone in withdrawals:
            if gone.status not in _NEVER_LEFT:
                amount = -money(gone.amount) - money(gone.fee)
                found.append(_move(f"withdrawal-{gone.id}", gone.coin, amount, "transfer", _ms(gone.applied), "out"))
    reply = yield from get(_DIVIDENDS, window | {"limit": "500"})
    if reply.ok:
        for paid in _decode_dividends(reply.body).rows:
            amount = money(paid.amount)
            found.append(_move(f"dividend-{paid.id}", paid.asset, amount, "dividend", paid.time_ms, paid.info[:60]))
    for way, sign in _WAYS.items():
        reply = yield from get(_TRANSFERS, window | {"type": way, "size": "100"})
        if reply.ok:
            for moved in _decode_transfers(reply.body).rows:
                if moved.status == "CONFIRMED":
                    amount = sign * money(moved.amount)
                    name = f"transfer-{moved.number}"
                    found.append(_move(name, moved.asset, amount, "transfer", moved.time_ms, way))
    return found, all(length < _PAGE for length in lengths)


def _move(name: str, currency: str, amount: int, reason: str, when_ms: int, detail: str) -> VenueMove:
    return VenueMove(
        move_id=name,
        instrument=NO_INSTRUMENT,
        currency=currency,
        amount=str(amount),
        reason=reason,
        venue_ns=when_ms * _NS_PER_MS,
        detail=detail,
    )


def _ms(text: str) -> int:
    """Return the time of a withdrawal, told as "2019-10-12 11:12:02" in UTC. Raises ValueError."""
    return int(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()) * 1000
