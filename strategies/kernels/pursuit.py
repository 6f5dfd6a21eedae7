"""What taker kernels share: a target position, and one market order at a time that brings the position there.

The rules are those of `strategies/pursuit.py`. A kernel keeps a `Pursuit` in its state, names `*pursuit.HOT` among its
`HELPERS`, and hands on what it is told: `order_moved`, `order_refused`, `pause_over`.
"""

from dataclasses import dataclass

from core.market import MarketNumbers
from oms.codes import STATE_FILLED
from strategies.desk import GTC, KernelDesk, buy, position_of, sell, wake_at


@dataclass(slots=True)
class Pursuit:
    """The target in units of quantity, signed, and the order that is out, 0 for none."""

    instrument: int
    lot: int
    pause_ns: int
    target: int = 0
    working: int = 0
    paused: bool = False


def pursue(pursuit: Pursuit, market: MarketNumbers, desk: KernelDesk) -> None:
    """Ask for what is missing to the target in whole lots, unless an order is out."""
    if pursuit.working != 0 or pursuit.paused:
        return
    change = pursuit.target - position_of(desk, market)
    lot = pursuit.lot
    if change >= lot:
        pursuit.working = buy(desk, market, change // lot * lot, 0, GTC)
    elif change <= -lot:
        pursuit.working = sell(desk, market, -change // lot * lot, 0, GTC)


def give_up(pursuit: Pursuit, desk: KernelDesk) -> None:
    """Keep what there is of an entry, and pause."""
    held = desk.positions[pursuit.instrument]
    pursuit.working = 0
    kept = (pursuit.target > 0 and held > 0) or (pursuit.target < 0 and held < 0)
    pursuit.target = held if kept else 0
    if not pursuit.paused:
        pursuit.paused = True
        wake_at(desk, desk.now_ns + pursuit.pause_ns)


def order_moved(pursuit: Pursuit, number: int, order_state: int, desk: KernelDesk) -> None:
    """Allow the next order once this one has ended."""
    if number != pursuit.working:
        return
    if order_state == STATE_FILLED:
        pursuit.working = 0
    elif order_state > STATE_FILLED:  # cancelled, expired, rejected, never arrived
        give_up(pursuit, desk)


def order_refused(pursuit: Pursuit, number: int, desk: KernelDesk) -> None:
    """Pause: what the gate refused once it will refuse again at once."""
    if number == pursuit.working:
        give_up(pursuit, desk)


def pause_over(pursuit: Pursuit) -> None:
    """Go on."""
    pursuit.paused = False


HOT = (pursue, give_up, order_moved, order_refused, pause_over)
