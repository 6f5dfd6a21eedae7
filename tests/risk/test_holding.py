"""Orders that wait at the venue for their trigger: checked as what they will be, in a market at the trigger."""

import pytest

from core.orders import OrderIntent, OrderTerms, OrderType, Refusal, Side
from risk.holding import check_conditional
from tests.risk.room import BTC, Room

FAR = 1200_00  # beyond the collar of today's market, the middle of which is 1000


def code_of(room: Room, trigger: int, price: int = FAR) -> str:
    """Ask for a stop-limit buy; an approval is of the order as it was asked for."""

    def bought(kind: OrderType, terms: OrderTerms | None) -> OrderIntent:
        return OrderIntent(
            client_order_id="o",
            strategy_id="s",
            instrument=BTC,
            side=Side.BUY,
            type=kind,
            quantity=100,
            price=price,
            terms=terms,
        )

    asked = bought(OrderType.STOP_LIMIT, OrderTerms(trigger_price=FAR))
    plain = bought(OrderType.LIMIT, None)
    answer = check_conditional(room.gate, asked, plain, trigger, room.market, room.manager, room.ready, room.now_ns)
    assert answer.intent == asked
    return answer.code if isinstance(answer, Refusal) else ""


def test_the_collar_is_laid_around_the_trigger_where_there_is_one():
    assert code_of(Room(), FAR) == ""
    assert code_of(Room(), 0) == "PRICE_COLLAR"
    assert code_of(Room(), FAR, price=1000_00) == "PRICE_COLLAR"


@pytest.mark.parametrize(
    ("bid", "ask", "code"),
    [
        (999_95, 1000_05, ""),
        (1000_00, 1000_00, ""),
        (0, 1000_05, "NO_REFERENCE"),
        (999_95, 0, "NO_REFERENCE"),
        (1000_05, 999_95, "NO_REFERENCE"),
    ],
)
def test_a_trigger_is_no_market_where_today_has_none(bid, ask, code):
    room = Room()
    room.quote(bid, ask)
    assert code_of(room, FAR) == code


def test_a_trigger_makes_no_old_market_a_fresh_one():
    room = Room()
    room.now_ns += 60 * 10**9
    assert code_of(room, FAR) == "MARKET_STALE"
