"""Whatever a venue loses, repeats, delays or denies, and whenever the daemon dies: the books come to be the venue's."""

import random
from dataclasses import replace

import msgspec
import pytest

from tests.engine.model_venue import SECOND, Faults
from tests.engine.model_world import PRICES, QUICK, Restless, World

KINDS = (
    Faults(),
    Faults(drop=0.3),
    Faults(lose_request=0.2, lose_reply=0.2),
    Faults(repeat=0.5, delay=0.5),
    Faults(lag_ns=3 * SECOND, lose_reply=0.2),
    Faults(fail_query=0.3, drop=0.2),
    Faults(0.15, 0.15, 0.15, 0.2, 0.3, 0.2, 3 * SECOND),
)


class Roaming(Restless):
    """Wants another price each time: what a fill realises hangs on which fills came before it."""

    def price(self, instrument):
        return PRICES[instrument] + self.rng.below(2_001) - 1_000


def run(seed, *, crashes=0, cuts=0, steps=40, settings=QUICK, pays=False, strategy=Restless, nameless=False, late=0.0):
    """A schedule: trade under faults, die `crashes` times, heal, and be equal to the venue in bounded time."""
    dice = random.Random(seed)
    world = World(seed, dice.choice(KINDS), settings, strategy)
    world.venue.nameless = nameless
    if late:  # what comes after it was given up works unreserved, until it is shown
        world.venue.faults, world.lenient = replace(world.venue.faults, late=late), True
    first = dice.randrange(steps)
    spread = steps if seed % 2 else 8  # or one after the other, before the books have been compared
    fatal = {(first + dice.randrange(spread)) % steps: None for _ in range(crashes)}
    cut = {dice.randrange(steps): None for _ in range(cuts)}
    for number in range(steps):
        world.advance(world.now_ns + dice.randrange(1, SECOND))
        if dice.random() < 0.2:
            world.take_snapshot()
        if pays and dice.random() < 0.3 and (number > 15 or not world.venue.faults.lag_ns):
            world.venue.pay()  # the figures that the books begin with must not lag
        if number in fatal:
            world.crash()
        elif number in cut:
            world.cut()
        elif dice.random() < 0.6:
            world.quote(dice.randrange(2))
        else:
            world.venue.trade()
            world.venue.note()
    world.venue.faults = Faults()
    for _ in range(60):
        world.advance(world.now_ns + SECOND)
        if not world.settled():
            break
    assert world.settled() == [], f"seed {seed}"
    fold = world.fold()
    assert fold.durable_state() == world.engine.durable_state(), f"seed {seed}"
    return world


@pytest.mark.parametrize("block", range(3))
def test_once_faults_stop_the_books_are_the_venues(block):
    worlds = [run(seed, cuts=seed % 3) for seed in range(block * 50, block * 50 + 50)]
    assert sum(world.venue.lost for world in worlds) > 50
    assert sum(len(world.venue.fills) for world in worlds) > 100


def test_five_crashes_deep_nothing_is_lost_and_nothing_is_booked_twice():
    worlds = [run(seed, crashes=5, cuts=1) for seed in range(1_000, 1_040)]
    assert max(world.crashes for world in worlds) == 5


def test_past_fills_that_name_the_venues_id_alone_are_booked_to_their_leg():
    worlds = [run(seed, crashes=seed % 3, cuts=seed % 2, steps=60, nameless=True) for seed in range(3_000, 3_060)]
    assert sum(len(each) > 15 for world in worlds for each in world.venue.orders) > 20
    assert not [alert.message for world in worlds for alert in world.alerts if alert.code == "FOREIGN_ORDER"]


def test_fills_found_late_at_other_prices_leave_no_difference_in_the_wallet():
    worlds = [run(seed, cuts=seed % 3, crashes=seed % 2, strategy=Roaming) for seed in range(60)]
    restated = [alert for world in worlds for alert in world.alerts if alert.code == "RESTATED"]
    assert restated


def test_money_that_moves_while_nobody_listens_is_booked_once():
    worlds = [run(seed, crashes=2, cuts=2, pays=True) for seed in range(2_000, 2_040)]
    assert sum(len(world.venue.moves) for world in worlds) > 150
    for world in worlds:
        world.advance(world.now_ns + 10 * SECOND)  # whose it was is known when the history has been asked
        paid = sum(int(fill.fee) for fill in world.venue.fills if fill.instrument == 1)
        moved = sum(int(move.amount) for move in world.venue.moves)
        assert world.engine.manager.position(1).fees == paid - moved
    assert max(world.crashes for world in worlds) == 2


def test_the_model_venue_catches_a_reconciler_that_believes_not_found_at_once():
    hasty = msgspec.structs.replace(QUICK, visibility_ns=0, negatives=1)

    def run_many():
        for seed in range(10_000, 10_060):
            run(seed, settings=hasty, cuts=1)

    with pytest.raises(AssertionError):
        run_many()


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_thousands_of_schedules(block):
    for seed in range(10_000 + 150 * block, 10_150 + 150 * block):
        run(seed, crashes=seed % 6, cuts=seed % 3, steps=60, nameless=seed % 7 == 0)


@pytest.mark.parametrize("seed", [8, 14, 24, pytest.param(range(300), marks=pytest.mark.slow, id="and hundreds more")])
def test_a_replacement_that_comes_after_it_was_given_up_is_taken_as_the_venue_has_it(seed):
    hasty = msgspec.structs.replace(QUICK, visibility_ns=SECOND)  # a request lives longer than it is looked for
    differed = []
    for each in seed if isinstance(seed, range) else [seed]:
        world = run(each, crashes=each % 4, cuts=each % 3, steps=60, settings=hasty, late=0.5)
        differed += [alert for alert in world.alerts if alert.code == "TERMS_DIFFERED"]
    assert differed or not isinstance(seed, range)
