"""A part of the durable state that has a file of its own."""

from typing import Protocol


class Section(Protocol):
    """A part of the durable state with a name, a version and bytes of its own."""

    @property
    def name(self) -> str:
        """The name under which it is kept, for ever."""
        ...

    @property
    def version(self) -> int:
        """The version of what `durable` writes now."""
        ...

    def durable(self) -> bytes:
        """Return what must survive, empty where there is nothing; the same for the same history."""
        ...

    def restore(self, version: int, data: bytes, indexes: dict[int, int]) -> None:
        """Become what wrote `data`; `indexes` has the new index of each instrument by its old one."""
        ...
