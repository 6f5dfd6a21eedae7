"""How the books begin: with the venue's own figures where nothing was ever traded, and with nothing else ever."""

from core.effects import Effect
from core.evidence import EvidenceGiven
from core.records import NO_INSTRUMENT
from oms.manager import OrderManager


class Opening:
    """Takes each venue's first figures as the opening of the books, if those are new; keeps the last ones told."""

    def __init__(self, manager: OrderManager) -> None:
        """Know no figures."""
        self.opened: dict[str, int] = {}
        """When each venue's part of the books began, by the venue's name and what it is: "BINANCE balances"."""
        self.began = False
        """Whether figures were just taken over: what is compared has moved by that."""
        self.told_balances: dict[str, dict[str, int]] = {}
        self.told_positions: dict[str, dict[int, int]] = {}
        self.told_legs: dict[str, dict[tuple[int, int], int]] = {}
        """The two sides of each position of an account in hedge mode, by instrument and sign."""
        self.told_entries: dict[str, dict[int, int]] = {}
        """The average entry price of each position that is no leg of hedge mode, in price units."""
        self._manager = manager

    def balances(self, given: EvidenceGiven, effects: list[Effect]) -> None:
        """Take what a venue says of the account's balances."""
        told = self.told_balances[given.venue] = {each.currency: int(each.total) for each in given.balances}
        first = not any(key.endswith(" balances") for key in self.opened)
        if not self._begins(given, "balances"):
            return
        known = self._manager.balances()
        if first:  # the settings' balances are those of paper trading
            for currency in sorted(known.keys() - told.keys()):
                self._manager.taking.open_balance(currency, -known[currency], effects)
        for currency in sorted(told):
            self._manager.taking.open_balance(
                currency, told[currency] - (known.get(currency, 0) if first else 0), effects
            )

    def positions(self, given: EvidenceGiven, now_ns: int, effects: list[Effect]) -> None:
        """Take what a venue says of the account's positions in contracts."""
        told: dict[int, int] = {}
        for each in given.positions:
            if each.instrument != NO_INSTRUMENT:
                told[each.instrument] = told.get(each.instrument, 0) + each.quantity
        self.told_positions[given.venue] = told
        self.told_legs[given.venue] = {
            (each.instrument, int(each.hedge)): each.quantity
            for each in given.positions
            if each.instrument != NO_INSTRUMENT and each.hedge is not None
        }
        self.told_entries[given.venue] = {
            each.instrument: each.entry_price
            for each in given.positions
            if each.instrument != NO_INSTRUMENT and each.hedge is None and each.entry_price > 0
        }
        if not self._begins(given, "positions"):
            return
        for each in given.positions:
            # A position without a price is left out: then the figures differ, and a person is told.
            if each.quantity and each.entry_price > 0 and each.instrument in self._manager.instruments():
                leg = 0 if each.hedge is None else int(each.hedge)
                self._manager.taking.open_position(
                    each.instrument, each.quantity, each.entry_price, leg, now_ns, effects
                )

    def is_after(self, venue: str, venue_ns: int) -> bool:
        """Whether a time is after the books of a venue began."""
        return venue_ns > self.opened.get(f"{venue} balances", venue_ns)

    def _begins(self, given: EvidenceGiven, what: str) -> bool:
        """Whether these figures open the books: the first told, and nothing was ever traded."""
        key = f"{given.venue} {what}"
        if key in self.opened:
            return False
        self.opened[key] = given.asked_ns
        self.began = not self._manager.totals.submitted
        return self.began

    def state(self) -> list[object]:
        """Return everything that a digest must cover."""
        legs = [(venue, sorted(told.items())) for venue, told in sorted(self.told_legs.items()) if told]
        return [
            sorted(self.opened.items()),
            [(venue, sorted((name, str(total)) for name, total in told.items())) for venue, told in self._balances()],
            [(venue, sorted(told.items())) for venue, told in sorted(self.told_positions.items())],
            *([legs] if legs else []),
        ]

    def _balances(self) -> list[tuple[str, dict[str, int]]]:
        """Return the balances told, by venue."""
        return sorted(self.told_balances.items())
