"""What a queue model believes of a hypothetical order when it sees prices and quantities only, as most venues show."""

from dataclasses import dataclass, field

from connectors.sim import queues
from connectors.sim.queues import FINE, Queue, clear_queue, join_queue, print_queue, show_queue


@dataclass(frozen=True, slots=True)
class Model:
    """A model under test: its name in the settings, its code and its shape."""

    name: str
    code: int
    shape: int = 1


MODELS = (
    Model("risk-averse", queues.RISK_AVERSE),
    Model("pro-rata", queues.PRO_RATA),
    Model("power 2", queues.POWER, 2),
    Model("power 3", queues.POWER, 3),
    Model("power-total 2", queues.POWER_TOTAL, 2),
    Model("power-total 3", queues.POWER_TOTAL, 3),
    Model("power-front 2", queues.POWER_FRONT, 2),
    Model("power-front 3", queues.POWER_FRONT, 3),
    Model("power-front 5", queues.POWER_FRONT, 5),
    Model("power-front 10", queues.POWER_FRONT, 10),
    Model("log", queues.LOG),
    Model("log-total", queues.LOG_TOTAL),
    Model("optimistic", queues.OPTIMISTIC),
)


@dataclass(frozen=True, slots=True)
class View:
    """How depth is seen: with every change (0), or as it stood at each multiple of `every_ns`."""

    name: str
    every_ns: int
    print_lag_ns: int
    touch_at_once: bool = False


VIEWS = (
    View("every change", 0, 0),  # trades and depth come together, trades first
    # As on Binance spot: `@bookTicker` at once, `@depth@100ms`, trades at once; print_lag_ns as in `SimSettings`.
    View("touch at once, depth each 100 ms", 100_000_000, 150_000_000, touch_at_once=True),
    View("all depth each 100 ms", 100_000_000, 150_000_000),
)


@dataclass(slots=True, eq=False)
class Believer:
    """One model's view of one order of one unit; `filled_ns` is when it would have reported the fill, 0 if not."""

    model: Model
    view: View
    queue: Queue = field(default_factory=Queue)
    filled_ns: int = 0

    def join(self, displayed: int) -> None:
        """Stand last behind what this view displays."""
        join_queue(self.queue, displayed)

    def on_print(self, quantity: int, now_ns: int) -> None:
        """See a trade at the order's price."""
        if not self.filled_ns and print_queue(self.queue, quantity, now_ns, self.view.print_lag_ns):
            self.fill(now_ns)

    def on_display(self, displayed: int, now_ns: int) -> None:
        """See the level's quantity."""
        if not self.filled_ns:
            show_queue(self.queue, self.model.code, self.model.shape, displayed, now_ns, self.view.print_lag_ns)

    def fill(self, now_ns: int) -> None:
        """Believe to be filled: a trade got past the queue or went through the price, or the other side came."""
        if not self.filled_ns:
            self.filled_ns = now_ns
            clear_queue(self.queue)

    @property
    def ahead(self) -> float:
        """How many it believes ahead, 0 once filled."""
        return self.queue.ahead - self.queue.part / FINE
