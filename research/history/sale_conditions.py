"""Which US equity trades set prices: the sale conditions of the consolidated tapes, as a bit mask.

The bits are those of the files of QuantConnect's Lean and AlgoSeek. Whether a condition may change the consolidated
last sale is the participants' rule: the sale condition tables of the CTA's CTS (tapes A and B) and UTP's UTDF (tape C)
specifications, "Consolidated processing guidelines: update last". A condition that updates it never, or only where no
other trade has yet ("conditional": late reports, prices taken from an earlier moment or from a derivative), tells
nothing of the market now. Extended hours trades (Form T) update no consolidated price either.
"""

from typing import Final

CONDITIONS_MAX: Final = (1 << 32) - 1

EXTENDED_HOURS: Final = 1 << 10 | 1 << 13  # Form T, and what these files use for it

NO_PRICE: Final = {
    1 << 1: "cash settlement",
    1 << 2: "next day settlement",
    1 << 3: "seller's option",
    1 << 9: "derivatively priced",
    1 << 10: "form T",
    1 << 11: "sold last",
    1 << 13: "extended hours",
    1 << 14: "out of sequence",
    1 << 18: "contingent (stock and option)",
    1 << 20: "average price",
    1 << 22: "price variation",
    1 << 24: "official close",
    1 << 25: "prior reference price",
    1 << 26: "official open",
    1 << 31: "odd lot",
}
"""The conditions that set no price. Those that do: regular (bit 0), yellow flag (4), intermarket sweep (5), opening,
closing and re-opening prints (6, 7, 8), stopped (12), split (15), acquisition (16), bunched (17), distribution (19),
cross (21), rule 155 (23), cap election (27), automatic execution (28). Trade-through exempt (29) describes another one.
Opening prints update CTS's last as the first sale of a day, UTDF's always: they are the opening auction's price."""

_NO_PRICE_MASK: Final = sum(NO_PRICE)


def sets_price(conditions: int, *, extended_hours: bool = False) -> bool:
    """Whether a trade of these conditions is one of the market; with `extended_hours`, also before and after it."""
    mask = _NO_PRICE_MASK & ~EXTENDED_HOURS if extended_hours else _NO_PRICE_MASK
    return not conditions & mask
