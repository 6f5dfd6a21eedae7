"""Queue position models: how many stand ahead of a resting order where only a level's quantity is shown.

A trade serves the head of the queue, so it moves us by what was traded. A cancellation may have stood ahead of us or
behind: that is the guess in which the models differ. `share_behind` is the guess, a number from 0 to 1, from what we
believe to stand ahead (front) and behind (back). Their errors against true queues are in `docs/queues.md`.

Sources: E. Rigtorp, "Estimating order queue position", 2013 (rigtorp.se/2013/06/08/estimating-order-queue-position);
hftbacktest, "Order Fill", queue models (hftbacktest.readthedocs.io, order_fill), whose names follow each model here.

`Queue` is the record; an order may nest one or have its fields. Quantities are below 2**50 units, so that 1/1024 of a
unit counts in 64 bits: a probability moves a queue by less than a whole contract, and rounding every such step would
leave short queues where they are. `displayed` is what others display: who sees his own order there takes it off.
"""

import math
from dataclasses import dataclass

from connectors.sim.matching import UNKNOWN_QUEUE

# The models, by the code that hot functions look at.
RISK_AVERSE = 0  # who cancels stood behind us, unless less is displayed than we believed ahead (RiskAdverseQueueModel)
PRO_RATA = 1  # cancels fall uniformly over the queue: back / (front + back) (PowerProbQueueFunc(1), Rigtorp's f(x) = x)
POWER = 2  # f(back) / (f(back) + f(front)), f(x) = x ** shape (PowerProbQueueFunc)
POWER_TOTAL = 3  # f(back) / f(back + front), f(x) = x ** shape (PowerProbQueueFunc2)
POWER_FRONT = 4  # 1 - f(front / (front + back)), f(x) = x ** shape (PowerProbQueueFunc3)
LOG = 5  # f(back) / (f(back) + f(front)), f(x) = log(1 + x / shape) (LogProbQueueFunc, Rigtorp's second)
LOG_TOTAL = 6  # f(back) / f(back + front), f(x) = log(1 + x / shape) (LogProbQueueFunc2)
OPTIMISTIC = 7  # who cancels stood ahead of us: no venue does this; with RISK_AVERSE it brackets the truth
FIFO = 8  # no guess: market by order tells who left (`leave_fifo`, `fifo.py`)

FINE = 1024  # parts of a unit in which an estimate moves
POWER_MAX = 64


@dataclass(slots=True)
class Queue:
    """One resting order's place. The estimate is `ahead` - `part` / FINE: `ahead` is it rounded up, against us."""

    ahead: int = 0  # units believed to stand ahead, or UNKNOWN_QUEUE
    part: int = 0  # 0 to FINE - 1
    displayed: int = 0  # what was shown last at our price
    traded: int = 0  # printed at our price, not yet seen to leave the display
    printed_ns: int = 0
    unprinted: int = 0  # seen to leave the display, may yet be printed as traded
    credited: int = 0  # by how much that moved us, in parts
    dropped_ns: int = 0


def join_queue(queue: Queue, displayed: int) -> None:
    """Stand last behind `displayed` units; UNKNOWN_QUEUE where nothing shows the level."""
    queue.ahead = displayed
    queue.part = 0
    queue.displayed = displayed
    queue.traded = 0
    queue.unprinted = 0
    queue.credited = 0


def clear_queue(queue: Queue) -> None:
    """Let nobody stand ahead: a trade went through our price, so our whole level was served."""
    queue.ahead = 0
    queue.part = 0
    queue.traded = 0
    queue.unprinted = 0
    queue.credited = 0


def power_of(base: float, exponent: int) -> float:
    """Return `base` ** `exponent` by multiplying, which rounds alike everywhere."""
    result = 1.0
    for _ in range(exponent):
        result *= base
    return result


def share_behind(model: int, shape: int, front: float, back: float) -> float:
    """Return the share of a cancellation that stood behind us: 1 at the head of the queue, 0 at its end.

    `shape` is the exponent of a power (1 to POWER_MAX) or, for the logarithms, how many units count as 1: hftbacktest
    takes whole coins or contracts, 10 ** size_precision units.
    """
    total = front + back
    if total <= 0.0 or model == RISK_AVERSE:
        return 1.0
    if model == OPTIMISTIC:
        return 0.0
    if model == POWER:
        behind = power_of(back / total, shape)
        return behind / (behind + power_of(front / total, shape))
    if model == POWER_TOTAL:
        return power_of(back / total, shape)
    if model == POWER_FRONT:
        return 1.0 - power_of(front / total, shape)
    if model == LOG:
        behind = math.log1p(back / shape)
        return behind / (behind + math.log1p(front / shape))
    if model == LOG_TOTAL:
        return math.log1p(back / shape) / math.log1p(total / shape)
    return back / total


def front_after_cancels(model: int, shape: int, front: float, back: float, cancelled: float) -> float:
    """Return what is left ahead of us once `cancelled` left a queue of `front` and `back`; all in one unit.

    Neither side can lose more than it holds; what is too much for one left the other.
    """
    share = share_behind(model, shape, front, back)
    from_back = min(share * cancelled, back)
    return min(max(front - (cancelled - from_back), 0.0), max(front + back - cancelled, 0.0))


def show_queue(queue: Queue, model: int, shape: int, displayed: int, now_ns: int, print_lag_ns: int) -> None:
    """Correct the queue once the venue displays `displayed` units at our price.

    What left the display was traded as far as prints of the last `print_lag_ns` say so; the rest counts as cancelled,
    and is remembered as `unprinted`, for its print may still be on its way. Nobody joins ahead of us.
    """
    before = queue.displayed
    queue.displayed = displayed
    if queue.ahead >= UNKNOWN_QUEUE:
        join_queue(queue, displayed)
        return
    if now_ns - queue.printed_ns > print_lag_ns:
        queue.traded = 0
    dropped = max(before - displayed, 0)
    explained = min(dropped, queue.traded)
    queue.traded -= explained
    cancelled = dropped - explained
    fine = queue.ahead * FINE - queue.part
    left = fine
    if cancelled > 0 and model != RISK_AVERSE:
        back = max(before - explained - fine / FINE, 0.0)
        left = math.floor(front_after_cancels(model, shape, fine / FINE, back, float(cancelled)) * FINE + 0.5)
    left = min(left, fine, displayed * FINE)
    if left == fine and (cancelled == 0 or model == RISK_AVERSE):
        return
    if now_ns - queue.dropped_ns > print_lag_ns:
        queue.unprinted = 0
        queue.credited = 0
    # The careful model credits only what cannot be: of a print, that alone was seen before.
    queue.unprinted += -((left - fine) // FINE) if model == RISK_AVERSE else max(cancelled, -((left - fine) // FINE))
    queue.credited += fine - left
    queue.dropped_ns = now_ns
    queue.ahead = -(-left // FINE)
    queue.part = queue.ahead * FINE - left


def print_queue(queue: Queue, quantity: int, now_ns: int, print_lag_ns: int) -> int:
    """Serve the queue with `quantity` units traded at our price; return how many of them got past it, to us.

    What the display had shown as gone is explained first: we were credited with a part of it as a cancellation, and
    now move by the remainder. A trade serves the head, so all of it moves us.
    """
    if queue.ahead >= UNKNOWN_QUEUE:
        return 0
    if now_ns - queue.dropped_ns > print_lag_ns:
        queue.unprinted = 0
        queue.credited = 0
    if now_ns - queue.printed_ns > print_lag_ns:
        queue.traded = 0
    shown = min(quantity, queue.unprinted)
    moved = quantity * FINE
    if shown > 0:
        credit = queue.credited
        if shown < queue.unprinted:
            credit = math.floor(queue.credited * (shown / queue.unprinted))
        queue.unprinted -= shown
        queue.credited -= credit
        moved -= credit
    queue.traded += quantity - shown
    queue.printed_ns = now_ns
    fine = queue.ahead * FINE - queue.part
    served = max(min(moved, fine), 0)
    left = fine - served
    queue.ahead = -(-left // FINE)
    queue.part = queue.ahead * FINE - left
    return max(moved - served, 0) // FINE


def leave_fifo(ahead: int, own_rank: int, rank: int, quantity: int) -> int:
    """Return what is left ahead of us when `quantity` of the order ranked `rank` leaves our level.

    First in, first out, exact: an order gets its rank anew whenever it loses its priority. Ours is the last one that
    was given out when we joined.
    """
    return ahead - quantity if rank <= own_rank else ahead


def reaches_fifo(own_rank: int, rank: int) -> bool:
    """Whether a trade with the order ranked `rank` at our level must have served us before."""
    return rank > own_rank


HOT = (
    join_queue,
    clear_queue,
    power_of,
    share_behind,
    front_after_cancels,
    show_queue,
    print_queue,
    leave_fifo,
    reaches_fifo,
)
