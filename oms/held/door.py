"""How kept orders reach the world; the engine's door passes the gate, a test's is a venue in ten lines."""

from typing import Protocol

from core.orders import OrderState, TriggerBy
from oms.held.order import HeldOrder


class Door(Protocol):
    """How a kept order reaches the world: all of it answers at once."""

    def can_release(self, order: HeldOrder) -> bool:
        """Whether an order that goes out now would be looked at with open eyes: READY, and a market to trust."""

    def save(self, order: HeldOrder, data: bytes) -> None:
        """Write down what a restart needs of an order, nothing once it is forgotten."""

    def release(self, order: HeldOrder, quantity: int) -> tuple[str, int] | str | None:
        """Send so much of an order; return the slice's name and quantity, or in words why it was refused.

        None where it has to wait a moment: the order rate is used up.
        """

    def withdraw(self, order: HeldOrder, name: str) -> None:
        """Ask for the cancel of one slice."""

    def hold(self, order: HeldOrder, previous: OrderState | None) -> None:
        """Say that an order is held, or, where it was before, that more of it is filled."""

    def end(self, order: HeldOrder, state: OrderState) -> None:
        """Take note that an order ended, `order.reason` says why; where `bears_its_name`, the venue has said so."""

    def again(self, order: HeldOrder) -> None:
        """Call `retry` for the order in a while: the venue would not cancel a slice."""

    def least(self, order: HeldOrder) -> int:
        """Return the smallest quantity that the venue takes of it."""

    def reference(self, order: HeldOrder, by: TriggerBy) -> tuple[int, int]:
        """Return what the market named by `by` spanned since the last look, (0, 0) where it cannot be believed."""
