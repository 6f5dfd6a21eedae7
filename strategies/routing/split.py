"""How a quantity is divided over several venues: as much of it as can be, and that at the least cost.

Everything is in units that the venues share. Costs are of one unit of quantity, whole numbers, lower is better: the
caller has put fees and whatever else a venue costs into them, and turned the sign for a sale.

It is exact. Without least quantities, one lot for all: the cheapest levels first. A coarser lot is a whole number of
finer ones, so what no coarser venue can do (the remainder) is done by the finer ones first, and from there on they
trade in blocks of the coarser lot, whose costs rise like those of levels. A least quantity is kept to by branching:
the venue gets none, or at least that.
"""

from collections.abc import Sequence
from math import lcm

import msgspec

Part = tuple[int, int]  # (number of the offer, quantity)
Run = tuple[int, int, tuple[Part, ...]]  # (cost of a block, how many of them, what one block is made of)


class Offer(msgspec.Struct, frozen=True):
    """One venue: levels of (cost of a unit, quantity), cheapest first; an order is whole lots, `least` or more."""

    levels: tuple[tuple[int, int], ...]
    lot: int = 1
    least: int = 0


class Split(msgspec.Struct, frozen=True):
    """Quantities in the order of the offers, their sum, and what they cost."""

    quantities: tuple[int, ...]
    filled: int
    cost: int

    def is_better_than(self, other: "Split") -> bool:
        """Whether it gets more, or the same for less."""
        return (self.filled, -self.cost) > (other.filled, -other.cost)


def split(quantity: int, offers: Sequence[Offer]) -> Split:
    """Return the division that gets the most of `quantity`, and of those the cheapest.

    Lots that are no multiple of the next finer one are rounded up to one.
    """
    lots = chained([offer.lot for offer in offers])
    least = [_up(offer.least, lot) for offer, lot in zip(offers, lots, strict=True)]
    best = Split((0,) * len(offers), 0, 0)
    open_: list[tuple[frozenset[int], frozenset[int]]] = [(frozenset(), frozenset())]
    while open_:
        out, kept = open_.pop()
        found = _cheapest(
            quantity, offers, lots, out, [least[each] if each in kept else 0 for each in range(len(lots))]
        )
        if found is None or not found.is_better_than(best):
            continue
        small = [
            number for number, got in enumerate(found.quantities) if 0 < got < least[number] and number not in kept
        ]
        if not small:
            best = found
            continue
        open_.append((out | {small[0]}, kept))
        open_.append((out, kept | {small[0]}))
    return best


def in_proportion(quantity: int, weights: Sequence[int], offers: Sequence[Offer]) -> tuple[int, ...]:
    """Divide by weight in whole lots; what is left, and shares below the least, go to the heaviest that can take it."""
    chosen = [number for number, weight in enumerate(weights) if weight > 0]
    while chosen:
        whole = sum(weights[number] for number in chosen)
        shares = {number: _down(quantity * weights[number] // whole, offers[number].lot) for number in chosen}
        heaviest = max(chosen, key=lambda number: (weights[number], -number))
        rest = quantity - sum(shares.values())
        shares[heaviest] += _down(rest, offers[heaviest].lot)
        small = [number for number in chosen if shares[number] < max(offers[number].least, 1)]
        if not small:
            return tuple(shares.get(number, 0) for number in range(len(offers)))
        chosen.remove(min(small, key=lambda number: (weights[number], number)))
    return (0,) * len(offers)


def chained(lots: Sequence[int]) -> list[int]:
    """Return the lots with each a multiple of every finer one."""
    chain: dict[int, int] = {}
    last = 1
    for lot in sorted(set(lots)):
        last = chain[lot] = lcm(last, lot)
    return [chain[lot] for lot in lots]


def _cheapest(
    quantity: int, offers: Sequence[Offer], lots: Sequence[int], out: frozenset[int], least: Sequence[int]
) -> Split | None:
    """Return the best division that leaves some offers out and takes at least so much of each; None for none."""
    got, rest = [0] * len(offers), quantity - sum(least)
    if rest < 0:
        return None
    ladders: dict[int, list[Run]] = {lot: [] for lot in sorted(set(lots))}
    cost = 0
    for number, offer in enumerate(offers):
        if number in out:
            continue
        units: list[Run] = [(at, size, ((number, 1),)) for at, size in offer.levels if size > 0]
        missing, spent, units = _take(units, least[number], got)
        if missing:
            return None
        cost += spent
        ladders[lots[number]] += _in_blocks(units, lots[number])[0]
    left: list[tuple[int, list[Run]]] = []  # by block size, ascending: what makes no block of the next
    runs: list[Run] = []
    block = 1
    for lot, ladder in ladders.items():
        ratio = lot // block
        missing, spent, runs = _take(runs, rest // block % ratio, got)
        rest -= (rest // block % ratio - missing) * block
        cost += spent
        runs, over = _in_blocks(runs, ratio)
        left.append((block, over))
        runs = sorted(runs + ladder, key=_cost_of)
        block = lot
    for size, ladder in [*left, (block, runs)][::-1]:
        missing, spent, _ = _take(ladder, rest // size, got)
        rest -= (rest // size - missing) * size
        cost += spent
    return Split(tuple(got), sum(got), cost)


def _take(runs: list[Run], count: int, got: list[int]) -> tuple[int, int, list[Run]]:
    """Take the first `count` blocks into `got`; return how many were missing, what they cost, and what is left."""
    spent = 0
    for place, (cost, there, parts) in enumerate(runs):
        if not count:
            return 0, spent, runs[place:]
        taken = min(count, there)
        count -= taken
        spent += taken * cost
        for number, size in parts:
            got[number] += taken * size
        if taken < there:
            return 0, spent, [(cost, there - taken, parts), *runs[place + 1 :]]
    return count, spent, []


def _in_blocks(runs: list[Run], ratio: int) -> tuple[list[Run], list[Run]]:
    """Put each `ratio` blocks, in their order, into one; return these, and those at the end that make none."""
    whole: list[Run] = []
    pending: list[Run] = []
    short = 0  # how many blocks are pending
    for cost, count, parts in runs:
        there = count
        if short:
            taken = min(ratio - short, there)
            pending.append((cost, taken, parts))
            short, there = short + taken, there - taken
            if short == ratio:
                whole.append((sum(at * size for at, size, _ in pending), 1, _merged(pending)))
                pending, short = [], 0
        if there >= ratio:
            whole.append((cost * ratio, there // ratio, _merged([(cost, ratio, parts)])))
        if there % ratio:
            pending.append((cost, there % ratio, parts))
            short = there % ratio
    return whole, pending


def _merged(runs: list[Run]) -> tuple[Part, ...]:
    """Return what the blocks of some runs are made of in all."""
    parts: dict[int, int] = {}
    for _, count, each in runs:
        for number, size in each:
            parts[number] = parts.get(number, 0) + count * size
    return tuple(parts.items())


def _cost_of(run: Run) -> int:
    return run[0]


def _up(quantity: int, lot: int) -> int:
    return -(-quantity // lot) * lot


def _down(quantity: int, lot: int) -> int:
    return quantity // lot * lot
