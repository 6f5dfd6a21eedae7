"""What the account as a whole has, in the base currency."""

from oms.manager import OrderManager
from oms.valuation import equity_in
from risk.controls.asked import Asked
from risk.controls.cells import ACCOUNT, Cells
from risk.portfolio_figures import PortfolioFigures

PPM = 1_000_000


class Sums:
    """Equity as it was when it was last looked at, and the cash that is left of the base currency now."""

    __slots__ = ("_cells", "_manager", "base", "equity", "incomplete", "portfolio")

    def __init__(self, base: str, manager: OrderManager, cells: Cells, portfolio: PortfolioFigures) -> None:
        """Know nothing before the first look."""
        self.base = base
        self.portfolio = portfolio
        self.equity = 0
        self.incomplete = ""
        """What is missing to know the equity, empty where nothing is."""
        self._manager = manager
        self._cells = cells

    def look(self) -> None:
        """Take the equity anew."""
        valuation = equity_in(self.base, self._manager)
        self.equity = valuation.total
        self.incomplete = "" if valuation.complete else ", ".join((*valuation.unknown, *valuation.unmarked))

    @property
    def cash(self) -> int:
        """What is left once all that is open has filled and every contract has its initial margin."""
        bound = 0
        for index in self._manager.instruments():
            cell, instrument = self._cells.cell(ACCOUNT, index), self._manager.instrument(index)
            bound += cell.buys if instrument.holds_base else _margin(cell.gross, instrument.margin_initial_ppm)
        return self._manager.books.ledger.balance(self.base) - bound

    def cash_for(self, asked: Asked) -> int:
        """Return what an order binds of the cash."""
        if not asked.instrument.holds_base:
            return _margin(asked.more_gross, asked.instrument.margin_initial_ppm)
        return asked.more_side if asked.side > 0 else 0

    def gross_of(self, index: int) -> int:
        """Return what an instrument may come to be worth in the whole account."""
        return self._cells.cell(ACCOUNT, index).gross


def _margin(value: int, margin_ppm: int) -> int:
    """Return the initial margin of a value, rounded up."""
    return -(-value * margin_ppm // PPM)
