"""The other side of every account: the market shown by playback, the venue's fees, funding and the insurance fund.

What accounts win or lose, somebody else loses or wins. Here it is kept, so that over accounts and house together
nothing is ever made or lost but by transfers in and out.
"""

from connectors.embedded.exchange.usdm.contracts import Contract
from connectors.embedded.exchange.usdm.positions import Position


class House:
    """Positions and cash of the market, and the venue's own funds, by margin asset."""

    def __init__(self) -> None:
        """Start with empty books: the insurance fund may go below zero, and shows by how much it would be short."""
        self.positions: dict[str, Position] = {}
        self.market: dict[str, int] = {}
        self.fees: dict[str, int] = {}
        self.funding: dict[str, int] = {}
        self.insurance: dict[str, int] = {}

    def trade(self, contract: Contract, quantity: int, price: int) -> None:
        """Let the market trade a signed quantity at a price."""
        position = self.positions.setdefault(contract.symbol, Position())
        add(self.market, contract.asset, position.fill(quantity, price))

    def total(self, asset: str) -> int:
        """Return all cash of an asset that is not in an account."""
        return sum(fund.get(asset, 0) for fund in (self.market, self.fees, self.funding, self.insurance))


def add(fund: dict[str, int], asset: str, amount: int) -> None:
    """Pay into one of the house's funds."""
    fund[asset] = fund.get(asset, 0) + amount
