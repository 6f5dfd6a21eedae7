"""What the venue calls our orders: by which name and number each is known now, and what came before. Pure, bounded.

A client order id stays the order's for us; each replacement that the venue makes a new order of has a revision's name.
"""

import msgspec

from core.ids import COUNTER_DIGITS, EPOCH_DIGITS, parse_revision_id
from core.orders import OrderIntent

_KEEP = 20_000
_STEM_LENGTH = 1 + EPOCH_DIGITS + COUNTER_DIGITS


class Live(msgspec.Struct):
    """One of our orders. `intent` is None for one that an earlier session placed."""

    intent: OrderIntent | None
    instrument: int
    name: str  # what the venue calls it now
    order_id: str = ""  # what reports call it
    working_id: str = ""  # its number in the matching engine, where that is another: a triggered conditional order
    accepted: bool = False  # told so
    terms: tuple[int, int] = (0, 0)  # price and quantity in all, as a change in place was last told
    filled_before: int = 0  # by the orders that it has replaced
    replacing: str = ""  # the name of a replacement that is under way
    replacing_filled: int = 0  # what of that was filled when the replacement was sent

    @property
    def cancel_id(self) -> str:
        """The number by which it is cancelled, empty where none is known."""
        return self.working_id or self.order_id


class Names:
    """Our orders by client order id; the oldest are forgotten beyond a bound."""

    def __init__(self, keep: int = _KEEP) -> None:
        """Keep so many."""
        self._keep = keep
        self._live: dict[str, Live] = {}
        self._by_algo: dict[int, str] = {}
        self._by_number: dict[str, str] = {}

    def find(self, name: str) -> Live | None:
        """Return the order that one of our names, a revision's included, belongs to."""
        stem = stem_of(name)
        return self._live.get(stem) if stem else None

    def add(self, name: str, live: Live) -> None:
        """Know an order, which one of our names stands for."""
        stem = name if len(name) == _STEM_LENGTH else stem_of(name) or name
        self._live[stem] = live
        if len(self._live) > self._keep:
            del self._live[next(iter(self._live))]

    def seen(self, name: str, instrument: int, order_id: str) -> Live | None:
        """Note by which number the venue knows an order of ours, placed in this session or before."""
        stem = stem_of(name)
        if not stem:
            return None
        live = self._live.get(stem)
        if live is None:
            live = Live(None, instrument, name)
            self.add(name, live)
        if order_id:
            self._by_number[order_id] = name
            if len(self._by_number) > self._keep:
                del self._by_number[next(iter(self._by_number))]
        if order_id and name == live.name:
            if not live.order_id:
                live.order_id = order_id
            elif order_id != live.order_id:
                live.working_id = order_id
        return live

    def name_of_number(self, order_id: str) -> str:
        """Return the name of the order of ours that has a number in the matching engine, empty where none is known."""
        return self._by_number.get(order_id, "")

    def number_told(self, name: str, order_id: str) -> str:
        """Return the number by which reports call an order: a conditional one keeps its own when it is triggered."""
        live = self.find(name)
        return live.order_id if live is not None and live.name == name and live.order_id else order_id

    def note_algo(self, algo_id: int, name: str) -> None:
        """Note which of our orders a conditional order is."""
        self._by_algo[algo_id] = name
        if len(self._by_algo) > self._keep:
            del self._by_algo[next(iter(self._by_algo))]

    def note_conditional(self, name: str, instrument: int, order_id: str, working_id: str) -> Live | None:
        """Note a conditional order by the number that reports call it by, whichever session placed it.

        Else the number that it gets when it is triggered would be the first known of it, and not the one that our books
        have. `working_id` is that number, "0" or empty before. None for an order that is not ours.
        """
        if not stem_of(name):
            return None
        live = self.find(name)
        if live is None:
            live = Live(None, instrument, name, order_id)
            self.add(name, live)
        live.order_id = live.order_id or order_id
        if working_id not in {"", "0"}:
            live.working_id = working_id
        return live

    def name_of_algo(self, algo_id: int) -> str:
        """Return the name of the order that a conditional order is, empty for one that is not ours."""
        return self._by_algo.get(algo_id, "")


def stem_of(name: str) -> str:
    """Return the client order id of one of our names, empty for a foreign one."""
    parsed = parse_revision_id(name)
    return parsed[0] if parsed is not None else ""


def is_another(told: str, asked: str) -> bool:
    """Whether a name told is that of another order of ours than was asked for.

    A venue that restarts with its counters rolled back gives a number again: then what it has under the number of an
    order is not that order. A name that is not ours says nothing: spot renames an order by its cancel.
    """
    stem = stem_of(told)
    return bool(stem) and stem != stem_of(asked)
