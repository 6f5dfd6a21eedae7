"""However quotes, fills, rejects, doubts and their evidence fall: the children never come to more than the parent."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from core.codec import encode_payload
from core.events import ReportType
from core.orders import ApprovedCancel
from engine import build_engine
from tests.engine.scenario import LOT, SECOND
from tests.strategies.routing.places import Places, at

PARENT = 20 * LOT
VENUES = (at("NEAR"), at("FAR", size_precision=6, lot=10), at("DEEP", price_precision=3, tick=10))
WHAT = ("quote", "take", "fill", "expire", "reject", "doubt", "evidence", "time")
STEPS = st.lists(st.tuples(st.sampled_from(WHAT), st.integers(0, 2), st.integers(-3, 6)), min_size=12, max_size=40)


class Busy(Places):
    """Venues whose orders may be in doubt: with the venue or not, as the test says."""

    doubted: dict[str, bool]

    def common(self, index: int, quantity: int) -> int:
        return int(quantity * 10 ** (8 - self.instruments[index].size_precision))

    def at_risk(self) -> int:
        """What is executed, and all that the venues have or are about to have."""
        done = sum(self.common(index, got) for index, got in enumerate(self.executed))
        works = sum(self.common(self.intents[name].instrument, left) for name, left in self.leaves.items())
        flies = [command.intent for command in self.inbox if not isinstance(command, ApprovedCancel)]
        return done + works + sum(self.common(each.instrument, each.quantity) for each in flies)


def one_step(place: Busy, what: str, index: int, number: int) -> None:
    mine = [name for name in place.leaves if place.intents[name].instrument == index]
    waits = any(
        not isinstance(command, ApprovedCancel) and command.intent.instrument == index for command in place.inbox
    )
    if what == "quote":
        tick = 10 if index == 2 else 1
        bid = 100_00 * tick + number * tick
        place.quote(index, bid, bid + 2 * tick, abs(number) + 1, after_ns=SECOND)
    elif what == "time":
        place.time((number + 4) * SECOND)
    elif what == "take" and waits:
        place.accept(index)
    elif what == "reject" and waits:
        place.refuse(index)
    elif what == "doubt" and waits:
        command = place.next(index)
        name = command.intent.client_order_id  # type: ignore[union-attr]
        if number % 2:
            place.leaves[name] = place.intents[name].quantity
        place.doubted[name] = bool(number % 2)
        place.report(ReportType.OUTCOME_UNKNOWN, name)
    elif what == "evidence" and place.doubted:
        name = next(iter(place.doubted))
        arrived = place.doubted.pop(name)
        place.report(ReportType.ACCEPTED if arrived else ReportType.NEVER_ARRIVED, name)
    elif what == "fill" and mine:
        place.fill(mine[0], max(number, 1) * LOT // (100 if index == 1 else 1))
    elif what == "expire" and mine and mine[0] not in place.doubted:
        place.end(mine[0])


def ran(style: str, side: str, drawn: list[tuple[str, int, int]]) -> Busy:
    place = Busy(*VENUES, quantity="0.20", style=style, side=side, fee_ppm=100, taker_fees_ppm={"FAR": 0}, wait_ms=500)
    place.doubted = {}
    for step in drawn:
        one_step(place, *step)
        place.inbox = [command for command in place.inbox if not isinstance(command, ApprovedCancel)]
        reserved = place.router.filled + place.router.working
        assert place.at_risk() <= reserved <= PARENT
        done = sum(place.common(index, got) for index, got in enumerate(place.executed))
        assert place.router.filled == done
    return place


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["sweep", "rest"]), st.sampled_from(["buy", "sell"]), STEPS)
def test_the_children_never_come_to_more_than_the_parent(style, side, drawn):
    ran(style, side, drawn)


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(["sweep", "rest"]), STEPS)
def test_the_same_inputs_are_the_same_decisions_bit_for_bit(style, drawn):
    place = ran(style, "buy", drawn)
    again = build_engine(place.settings)
    effects = [effect for event in place.fed for effect in again.step(event)]
    assert [encode_payload(each) for each in effects] == [encode_payload(each) for each in place.out]
    assert msgspec.msgpack.encode(again.desk.actors[0].strategy.save()) == msgspec.msgpack.encode(place.router.save())
