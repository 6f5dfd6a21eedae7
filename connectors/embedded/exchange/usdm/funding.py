"""Funding: what longs pay shorts at every interval, or shorts longs. No I/O.

"Funding Amount = Nominal Value of Positions * Funding Rate", the nominal value at the mark price; what an isolated
position pays comes out of its own wallet.
"""

from connectors.embedded.exchange.usdm.account import Income
from connectors.embedded.exchange.usdm.contracts import RATE_DECIMALS, value, whole
from connectors.embedded.exchange.usdm.engine import Engine
from connectors.embedded.exchange.usdm.house import add
from connectors.embedded.exchange.usdm.positions import PositionSide
from connectors.embedded.exchange.usdm.state import SymbolState
from connectors.embedded.exchange.usdm.texts import rate_text, units_text

_RATE_ONE: int = 10**RATE_DECIMALS


def exchange_due(engine: Engine) -> None:
    """Exchange the funding of every contract whose time has come."""
    now_ms = engine.state.now_ms()
    for one in engine.state.symbols.values():
        if now_ms >= one.pricing.next_funding_ms and one.pricing.mark:
            exchange(engine, one)


def exchange(engine: Engine, one: SymbolState) -> None:
    """Exchange a contract's funding now, at its predicted rate."""
    state, contract, pricing, now_ms = engine.state, one.contract, one.pricing, engine.state.now_ms()
    funding_ms = min(pricing.next_funding_ms, now_ms)
    for account in state.with_positions(contract.symbol):
        isolated = account.settings_of(contract.symbol).isolated
        paid = 0
        told = []
        for side in PositionSide:
            position = account.positions.get((contract.symbol, side))
            if position is None or not position.amount:
                continue
            payment = whole(value(pricing.mark, position.amount) * pricing.rate // _RATE_ONE)
            paid += payment
            add(state.house.funding, contract.asset, payment)
            account.change(
                Income(
                    kind="FUNDING_FEE",
                    symbol=contract.symbol,
                    amount=-payment,
                    asset=contract.asset,
                    time_ms=funding_ms,
                    transaction_id=state.next_id(),
                )
            )
            if isolated:
                position.isolated_wallet -= payment
                told.append(state.holding(account, contract, side))
        # "When FUNDING FEE occurs in a crossed position" only the balance is told, in an isolated one the position too.
        engine.tell_account(account, "FUNDING_FEE", contract.asset, told, -paid)
    one.funding.append(
        {
            "symbol": contract.symbol,
            "fundingRate": rate_text(pricing.rate),
            "fundingTime": funding_ms,
            "markPrice": units_text(pricing.mark),
        }
    )
    pricing.funded(now_ms)
    state.moved[contract.symbol] = None
