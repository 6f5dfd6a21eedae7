"""A quantity divided over venues: as good as trying everything, never worse than the best venue alone."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from strategies.routing import Offer, Split, in_proportion, split
from strategies.routing.split import chained

LEVELS = st.lists(st.tuples(st.integers(-5, 12), st.integers(0, 7)), max_size=3).map(lambda drawn: tuple(sorted(drawn)))
OFFER = st.builds(Offer, levels=LEVELS, lot=st.sampled_from([1, 2, 4]), least=st.integers(0, 9))
LARGE_LEVELS = st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 10**9)), max_size=6)
LARGE = st.builds(
    Offer,
    levels=LARGE_LEVELS.map(lambda drawn: tuple(sorted(drawn))),
    lot=st.sampled_from([1, 10, 15, 1_000]),
    least=st.integers(0, 10**6),
)
OFFERS = st.lists(OFFER, min_size=1, max_size=3)


def cost_of(offer: Offer, quantity: int) -> int:
    cost = 0
    for at, there in offer.levels:
        cost += at * min(quantity, there)
        quantity -= min(quantity, there)
    assert not quantity
    return cost


def by_trying(quantity: int, offers: list[Offer]) -> tuple[int, int]:
    """The most that can be got, and the least that it costs."""
    sizes = []
    for offer in offers:
        depth = sum(there for _, there in offer.levels)
        sizes.append([0, *(size for size in range(offer.lot, depth + 1, offer.lot) if size >= offer.least)])
    tried = [each for each in product(*sizes) if sum(each) <= quantity]
    return max((sum(each), -sum(map(cost_of, offers, each))) for each in tried)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 30), OFFERS)
def test_it_does_as_well_as_trying_everything(quantity, offers):
    found = split(quantity, offers)
    assert (found.filled, -found.cost) == by_trying(quantity, offers)
    assert found.filled == sum(found.quantities) <= quantity
    assert found.cost == sum(map(cost_of, offers, found.quantities))
    for got, offer in zip(found.quantities, offers, strict=True):
        assert got % offer.lot == 0
        assert got == 0 or got >= offer.least


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.lists(LARGE, min_size=1, max_size=5))
def test_it_is_never_worse_than_the_best_venue_alone(quantity, offers):
    found = split(quantity, offers)
    lots = chained([offer.lot for offer in offers])
    for offer, lot in zip(offers, lots, strict=True):
        alone = split(quantity, [Offer(offer.levels, lot, offer.least)])
        assert not alone.is_better_than(found)
    assert found.filled <= quantity


def test_two_venues_share_by_price_and_depth():
    near, far = Offer(((100, 5), (103, 5))), Offer(((101, 4), (105, 9)))
    assert split(7, [near, far]) == Split((5, 2), 7, 702)
    assert split(11, [near, far]) == Split((7, 4), 11, 500 + 404 + 206)


def test_a_least_quantity_moves_more_to_a_venue_or_none():
    cheap, dear = Offer(((100, 3), (110, 9)), least=6), Offer(((101, 20),))
    assert split(5, [cheap, dear]).quantities == (0, 5)
    assert split(8, [cheap, dear]).quantities == (0, 8)
    assert split(25, [cheap, dear]).quantities == (6, 19)


def test_a_coarse_lot_leaves_the_remainder_to_the_fine_one():
    assert split(25, [Offer(((100, 100),), lot=10), Offer(((200, 9),))]).quantities == (20, 5)
    assert chained([10, 15, 2]) == [10, 30, 2]


def test_resting_shares_follow_the_weights_in_lots():
    plain = Offer(())
    assert in_proportion(10, [3, 1, 0], [plain, plain, plain]) == (8, 2, 0)
    assert in_proportion(10, [3, 1], [plain, Offer((), least=4)]) == (10, 0)
    assert in_proportion(3, [1], [Offer((), lot=4)]) == (0,)


@given(st.integers(0, 100), st.lists(st.tuples(st.integers(0, 9), OFFER), min_size=1, max_size=4))
def test_resting_shares_never_come_to_more(quantity, drawn):
    offers = [offer for _, offer in drawn]
    shares = in_proportion(quantity, [weight for weight, _ in drawn], offers)
    assert sum(shares) <= quantity
    for share, offer in zip(shares, offers, strict=True):
        assert share % offer.lot == 0
        assert share == 0 or share >= offer.least
