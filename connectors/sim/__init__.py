"""The simulated venue: fills approved orders on the market that is seen, for paper trading and backtests.

For: answering as a venue would, without sending anything anywhere; pure, so the same inputs give the same answers.
May import: `core`.
Refuses: clocks, sockets, randomness, and to write what it reads (`core.market.Market` belongs to the driver).

What it assumes; `docs/adr/0005-simulated-venue.md` says why:

1. The touch is the quote stream's. Deeper levels are the book's, as far as they lie strictly behind that touch. Without
   quotes the book is the market, without a live book there is only the touch, without both every order is refused.
2. A request is matched an entry latency after it was sent, its reports come a response latency after the match, on our
   reception clock. Both are constant unless another model is chosen (`delays.py`). An order may fill while its cancel
   travels.
3. Orders that can trade walk the displayed levels, one fill a level, as takers. A market order's remainder expires, an
   IOC order's too, FOK fills whole or not at all, a GTC limit order's remainder rests; post-only is refused if it would
   take.
4. Our trades do not move the market, but what we took of a level is not there again while it stays displayed, or until
   `refill_ns` has passed; only what is displayed on top of it is new. A model may worsen takers' prices (`impact.py`).
5. A resting order stands behind all that is displayed at its price when it joins (nobody inside the spread; unknown, so
   for ever, where nothing shows the level). The queue advances by trades at the price, and to what is displayed where
   that is less: other cancellations happened behind us. A trade that the quote has already shown counts once.
6. A resting order fills by what a trade at its price leaves beyond the queue; by a trade through its price, up to the
   traded quantity; by the other side's touch reaching its price, up to what is displayed there. Always as maker, at its
   own price, and only against the aggressor that can have met it. Our orders share one event's quantity, best price
   first, then first come.
7. Our own orders do not trade with each other. Balances are not checked: the gate did. Margin is where a wallet is set.
8. Fees are parts per million of the notional, rounded against us; tiers by volume and a minimum an order are models.
9. Where there are only bars, requests trade at opens, and lows and highs serve resting orders (`bars.py`).
10. Funding, borrow fees, margin, sessions, halts and auctions are models, none of them on by default; ADR 0010.
11. A replacement keeps its order's place where it only takes quantity off, at a spot venue; else the order joins anew,
   and may trade. Quantities are in all: what fills while it travels counts (`replacing.py`).
12. Where the data tells single orders, `queue_model = "fifo"` keeps true queues, without what 5 and 6 guess; ADR 0011.

Reading order: `view.py` (what is matched on), `matching.py` (the arithmetic), `orders.py`, `ladder.py` and `listing.py`
(the records), `matcher.py`, `taking.py` and `replacing.py` (an arriving request), `events.py` (a market event),
`bars.py`, `place.py` and `queues.py` (queues), `fifo.py` (true ones), `answers.py`, `fees.py`, `impact.py` and
`delays.py` (what comes of it, what it costs, when it is known). All these are hot functions (`core/hot.py`).
`venue.py`, `clients.py` and `reports.py` are the glue around them: what a driver calls. `exchange.py` and `account.py`
are the glue of a venue that also keeps an account and hours, by `mark.py`, `carry.py`, `margin.py`, `hours.py` and
`auction.py`.
"""

from connectors.sim.errors import (
    MissingRates,
    MissingSessions,
    MissingVolume,
    MissingWallet,
    SimError,
    UnsupportedInstrument,
)
from connectors.sim.settings import (
    FeeCurrency,
    FeeTier,
    ImpactModel,
    ImpactSettings,
    LatencyModel,
    LatencySettings,
    QueueModel,
    SimSettings,
)
from connectors.sim.venue import SimVenue

__all__ = [
    "FeeCurrency",
    "FeeTier",
    "ImpactModel",
    "ImpactSettings",
    "LatencyModel",
    "LatencySettings",
    "MissingRates",
    "MissingSessions",
    "MissingVolume",
    "MissingWallet",
    "QueueModel",
    "SimError",
    "SimSettings",
    "SimVenue",
    "UnsupportedInstrument",
]
