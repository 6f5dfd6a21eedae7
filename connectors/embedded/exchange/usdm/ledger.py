"""The whole truth of the futures exchange, for whoever compares a client's books with the venue's. Pure."""

from connectors.embedded.exchange.usdm import account_answers
from connectors.embedded.exchange.usdm.answers import algo_row, order_row, trade_row
from connectors.embedded.exchange.usdm.state import Event, State
from connectors.embedded.exchange.usdm.texts import money_text


def ledger(state: State) -> Event:
    """Return every account with its orders, executions, income and positions, and the house's side of them."""
    contracts = state.contracts
    return {
        "accounts": {
            name: {
                "account": account_answers.account_v2(state, account),
                "orders": [
                    order_row(contracts[one.symbol], one, query=True) for one in state.orders.get(name, {}).values()
                ],
                "algoOrders": [algo_row(contracts[one.symbol], one) for one in state.algos.get(name, {}).values()],
                "executions": [trade_row(contracts[one.symbol], one) for one in state.trades.get(name, [])],
                "income": [account_answers.income_row(entry) for entry in account.income],
            }
            for name, account in state.accounts.items()
        },
        "house": {
            asset: {
                "market": money_text(state.house.market.get(asset, 0)),
                "commissions": money_text(state.house.fees.get(asset, 0)),
                "funding": money_text(state.house.funding.get(asset, 0)),
                "insurance": money_text(state.house.insurance.get(asset, 0)),
            }
            for asset in state.assets
        },
        "marketPositions": {
            symbol: contracts[symbol].quantity_text(position.amount)
            for symbol, position in state.house.positions.items()
        },
    }
