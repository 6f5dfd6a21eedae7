"""Answers to several cancels in one request: what each says of each order. Pure."""

from connectors.binance.trading import parse
from connectors.binance.trading.calls import Call, CallKind, names_of
from connectors.binance.trading.desk import SETTLE_NS, Desk


def answered(desk: Desk, call: Call, body: bytes, now_ns: int, *, stream_is_up: bool) -> None:
    """Take the answer to a call that was granted. Raises what `parse.MALFORMED` names, having said nothing."""
    if call.kind is CallKind.BATCH:
        _batch_answered(desk, call, body, now_ns)
    elif call.kind is CallKind.ALL:
        _all_answered(desk, call, body, now_ns, stream_is_up=stream_is_up)
    else:
        desk.succeed(call, body, now_ns, stream_is_up=stream_is_up)


def _batch_answered(desk: Desk, call: Call, body: bytes, now_ns: int) -> None:
    """Take the answers to several cancels, in their order: each an order, or an error of its own."""
    answers = parse.decode_orders(body)
    desk.end(call)
    for item, answer in zip(call.items, answers, strict=False):
        if answer.code:
            desk.refuse(item.command, f"{answer.msg} ({answer.code})", now_ns)
            continue
        single = Call(call.number, CallKind.CANCEL, call.connection, call.sent_ns, (item,))
        desk.settle(single, now_ns)
    if len(answers) < len(call.items):
        rest = Call(call.number, CallKind.BATCH, call.connection, call.sent_ns, call.items[len(answers) :])
        desk.lose(rest, "the answer to several cancels names fewer", now_ns)


def _all_answered(desk: Desk, call: Call, body: bytes, now_ns: int, *, stream_is_up: bool) -> None:
    """Take the answer to the cancel of all that works at a symbol: it names the orders that it ended.

    Of those the stream tells, too, and what was filled before; where it does not, their end is told a little later.
    """
    ended: dict[str, None] = {}
    for each in parse.decode_all(body):
        ended[str(each.order_id)] = None
        ended |= dict.fromkeys(str(order.order_id) for order in each.reports)
    desk.end(call)
    for place, (item, number) in enumerate(zip(call.items, call.numbers, strict=True)):
        ((_, name),) = names_of(item.command)
        if name in call.told:
            continue
        if number not in ended:
            desk.refuse(item.command, f"the venue did not find order {number} among those at its symbol", now_ns)
            continue
        single = Call(-((call.number << 16) + place), CallKind.CANCEL, call.connection, call.sent_ns, (item,))
        if stream_is_up:
            single.settle_ns = now_ns + SETTLE_NS
            desk.begin(single)
        else:
            desk.settle(single, now_ns)
