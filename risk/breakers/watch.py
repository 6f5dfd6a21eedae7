"""What every breaker measures with: a figure, and what happens on the way to it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import msgspec

from core.decimals import to_text
from core.instruments import Instrument
from core.market import Market
from core.money import MONEY_UNIT, money_text
from core.scopes import ALL, split_scope
from oms.manager import OrderManager
from risk.breaker_settings import Row

PPM = 1_000_000
Memory = dict[str, int]


class Desk:
    """What breakers may look at: the books, the markets, what was told of clocks and of the loop."""

    __slots__ = ("clocks", "day_begins_ns", "epoch", "manager", "markets")

    def __init__(self, manager: OrderManager, markets: Sequence[Market], epoch: int, day_begins_ns: int) -> None:
        """Look at these; `epoch` names the session."""
        self.manager = manager
        self.markets = markets
        self.epoch = epoch
        self.day_begins_ns = day_begins_ns
        self.clocks: dict[str, tuple[int, int]] = {}
        """By venue: how far its clock is from ours, and what that is in doubt by since this machine's own jumped."""


class Scoped:
    """Which strategies and instruments a scope holds."""

    __slots__ = ("_desk", "kind", "name")

    def __init__(self, scope: str, desk: Desk) -> None:
        """Read the scope."""
        self.kind, self.name = split_scope(scope)
        self._desk = desk

    def holds(self, strategy_id: str, index: int) -> bool:
        """Whether an order of a strategy in an instrument is in it."""
        if self.kind == ALL:
            return True
        if self.kind == "strategy":
            return strategy_id == self.name
        return self.has(self._desk.markets[index].instrument)

    def has(self, instrument: Instrument) -> bool:
        """Whether an instrument is in it; all are in a strategy's."""
        if self.kind == "venue":
            return instrument.venue == self.name
        return self.kind != "symbol" or instrument.id == self.name

    def markets(self) -> list[Market]:
        """Return the markets in it."""
        return [market for market in self._desk.markets if self.has(market.instrument)]


class Watch(ABC):
    """Measures one thing in one scope. `unit` figures make one of what the settings say."""

    unit = 1
    tells: tuple[type[msgspec.Struct], ...] = ()
    """The effects that `note` wants to see."""

    def __init__(self, desk: Desk, scope: str) -> None:
        """Have measured nothing."""
        self.desk = desk
        self.scoped = Scoped(scope, desk)
        self.memory: Memory = {}
        """What is counted from, which survives a restart."""
        self.problem = ""
        """What cannot be valued, where `figure` returned None for that; else there is only nothing to say yet."""

    @abstractmethod
    def figure(self, now_ns: int) -> int | None:
        """Return the figure now, greater is worse; None where there is none."""

    def demands(self) -> tuple[int, str] | None:
        """Return a step that is asked for whatever the figure is, and why; None for none."""
        return None

    def note(self, effect: msgspec.Struct, now_ns: int) -> bool:
        """Count an effect of those that it `tells`; return whether the figure may have got worse by it."""
        return False

    def look(self, now_ns: int) -> None:  # noqa: B027 (most breakers take no samples)
        """Take a sample: once a second."""

    def change(self, row: Row) -> None:  # noqa: B027 (most breakers have steps alone)
        """Have the windows of a row from now on; what was counted stays, as far as they reach."""

    def anew(self, now_ns: int) -> None:
        """Count from now on."""
        self.memory = {}

    def text(self, figure: int) -> str:
        """Return a figure as the settings would say it."""
        return str(figure)

    def state(self) -> list[object]:
        """Return what a digest must cover beside the memory."""
        return []


def money_figure(figure: int) -> str:
    """Return money as text of a figure."""
    return money_text(figure, 8)


def share_figure(figure: int, decimals: int = 6) -> str:
    """Return a figure in units of 10^-decimals as a share."""
    return to_text(figure, decimals)


__all__ = ["MONEY_UNIT", "PPM", "Desk", "Memory", "Scoped", "Watch", "money_figure", "share_figure"]
