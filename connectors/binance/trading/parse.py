"""Bytes of the private stream to what they say, and what the account was moved by without an order."""

import msgspec

from connectors.binance.trading import messages
from connectors.binance.trading.messages import AccountUpdate, BalanceUpdate, OrderHint
from core.errors import PrecisionError
from core.events import AccountMoved
from core.money import money

MALFORMED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, PrecisionError, ValueError, ArithmeticError)
"""What bytes raise that are not what the venue documents."""

decode_frame = msgspec.json.Decoder(messages.ApiFrame).decode
decode_spot = msgspec.json.Decoder(messages.SpotEvent).decode
decode_usdm = msgspec.json.Decoder(messages.UsdmEvent).decode
decode_order = msgspec.json.Decoder(messages.OrderAnswer).decode
decode_orders = msgspec.json.Decoder(list[messages.OrderAnswer]).decode
decode_replace = msgspec.json.Decoder(messages.ReplaceAnswer).decode
decode_all = msgspec.json.Decoder(list[messages.CancelledAll]).decode
decode_list = msgspec.json.Decoder(messages.ListAnswer).decode
decode_algo = msgspec.json.Decoder(messages.AlgoAnswer).decode
decode_error = msgspec.json.Decoder(messages.ApiError).decode
decode_listen_key = msgspec.json.Decoder(messages.ListenKey).decode
_decode_hint = msgspec.json.Decoder(OrderHint).decode

_NS_PER_MS = 1_000_000
_FUNDING = "FUNDING_FEE"
_BY_ORDERS = "ORDER"


def error_of(body: bytes) -> messages.ApiError:
    """Return the error of a body, one without a code for HTML, cut JSON and empty bodies."""
    try:
        return decode_error(body)
    except MALFORMED:
        return messages.ApiError()


def hint_of(event: bytes) -> tuple[str, str]:
    """Return (our name, symbol) of an order whose event cannot be read as a whole; empty where it names none."""
    try:
        hint = _decode_hint(event)
        if not hint.name and bytes(hint.order).startswith(b"{"):
            hint = _decode_hint(bytes(hint.order))
    except MALFORMED:
        return "", ""
    return hint.original_name or hint.name, hint.symbol


def spot_move(venue: str, update: BalanceUpdate) -> AccountMoved:
    """Return a deposit, a withdrawal or a transfer. Raises PrecisionError."""
    return AccountMoved(
        venue=venue,
        move_id=f"balance-{update.time_ms}-{update.asset}-{update.delta}",
        currency=update.asset,
        amount=str(money(update.delta)),
        reason="transfer",
        moved_ns=update.time_ms * _NS_PER_MS,
    )


def usdm_moves(venue: str, update: AccountUpdate) -> list[tuple[str, AccountMoved]]:
    """Return (symbol or empty, move) for what an ACCOUNT_UPDATE moved beside trades. Raises PrecisionError.

    "bc" is "Balance Change except PnL and Commission": zero where orders alone were the reason. Which position a
    funding fee is of is not always told: "When 'FUNDING FEE' occurs in a crossed position, ACCOUNT_UPDATE will be
    pushed with only the balance B(including the 'FUNDING FEE' asset only), without any position P message", in an
    isolated one with "the relative position message P". The income history names it: see `oms.reconcile.moves`.
    """
    change = update.change
    if change.reason == _BY_ORDERS:
        return []
    symbol = change.positions[0].symbol if len(change.positions) == 1 else ""
    moves = []
    for balance in change.balances:
        amount = money(balance.change)
        if amount:
            move_id = f"{change.reason}-{update.time_ms}-{balance.asset}-{symbol}-{balance.change}"
            reason = "funding" if change.reason == _FUNDING else "transfer"
            moved = AccountMoved(
                venue=venue,
                move_id=move_id,
                currency=balance.asset,
                amount=str(amount),
                reason=reason,
                detail="" if reason == "funding" else change.reason,
                moved_ns=update.time_ms * _NS_PER_MS,
            )
            moves.append((symbol if reason == "funding" else "", moved))
    return moves
