"""How balances, positions and margin are answered, in every version of the endpoints. Pure.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api
"""

from collections.abc import Iterator

from connectors.embedded.exchange.usdm.account import FuturesAccount, Income
from connectors.embedded.exchange.usdm.contracts import Contract
from connectors.embedded.exchange.usdm.margin import AssetMargin, Holding, liquidation_price
from connectors.embedded.exchange.usdm.positions import money_price_text
from connectors.embedded.exchange.usdm.state import State
from connectors.embedded.exchange.usdm.texts import money_text, units_text
from core.decimals import to_text
from core.money import MONEY_DECIMALS, MONEY_UNIT

Json = dict[str, object]

# The venue has nobody to deleverage against but the market: every position stands in the lowest quantile.
ADL_QUANTILE = 1


def balances(state: State, account: FuturesAccount) -> list[Json]:
    """Return `GET /fapi/v2/balance` and `/fapi/v3/balance`."""
    return [
        {
            "accountAlias": account.name,
            "asset": asset,
            "balance": money_text(margin.wallet),
            "crossWalletBalance": money_text(margin.cross_wallet),
            "crossUnPnl": money_text(margin.cross_unrealised),
            "availableBalance": money_text(margin.available),
            "maxWithdrawAmount": money_text(margin.max_withdraw),
            "marginAvailable": True,
            "updateTime": account.updated_ms,
        }
        for asset, margin in _margins(state, account)
    ]


def account_v3(state: State, account: FuturesAccount) -> Json:
    """Return `GET /fapi/v3/account`: positions that are open or have orders."""
    positions = [
        {
            "symbol": holding.contract.symbol,
            "positionSide": holding.side.value,
            "positionAmt": holding.contract.quantity_text(holding.position.amount),
            "unrealizedProfit": money_text(holding.unrealised),
            "isolatedMargin": money_text(holding.isolated_margin),
            "notional": money_text(holding.notional),
            "isolatedWallet": money_text(holding.position.isolated_wallet),
            "initialMargin": money_text(holding.requirement),
            "maintMargin": money_text(holding.maintenance),
            "updateTime": holding.position.updated_ms,
        }
        for holding in _holdings(state, account)
    ]
    return {**_totals(state, account), "assets": _assets(state, account), "positions": positions}


def account_v2(state: State, account: FuturesAccount) -> Json:
    """Return `GET /fapi/v2/account`: positions of all symbols."""
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "feeBurn": False,
        "tradeGroupId": -1,
        "updateTime": 0,
        "multiAssetsMargin": False,
        **_totals(state, account),
        "assets": _assets(state, account),
        "positions": [
            {
                "symbol": holding.contract.symbol,
                "initialMargin": money_text(holding.requirement),
                "maintMargin": money_text(holding.maintenance),
                "unrealizedProfit": money_text(holding.unrealised),
                "positionInitialMargin": money_text(holding.position_margin),
                "openOrderInitialMargin": money_text(holding.order_margin),
                "leverage": str(holding.leverage),
                "isolated": holding.isolated,
                "entryPrice": money_price_text(holding.position.entry_price),
                "breakEvenPrice": money_price_text(holding.position.break_even_price),
                "maxNotional": _max_notional(holding),
                "bidNotional": money_text(holding.bids),
                "askNotional": money_text(holding.asks),
                "positionSide": holding.side.value,
                "positionAmt": holding.contract.quantity_text(holding.position.amount),
                "notional": money_text(holding.notional),
                "isolatedWallet": money_text(holding.position.isolated_wallet),
                "updateTime": holding.position.updated_ms,
            }
            for holding in _every(state, account, None)
        ],
    }


def position_risk_v2(state: State, account: FuturesAccount, symbol: str | None) -> list[Json]:
    """Return `GET /fapi/v2/positionRisk`: every position side of the symbols."""
    return [
        {
            "symbol": holding.contract.symbol,
            "positionAmt": holding.contract.quantity_text(holding.position.amount),
            "entryPrice": money_price_text(holding.position.entry_price),
            "breakEvenPrice": money_price_text(holding.position.break_even_price),
            "markPrice": units_text(holding.mark),
            "unRealizedProfit": money_text(holding.unrealised),
            "liquidationPrice": _liquidation(state, account, holding),
            "leverage": str(holding.leverage),
            "maxNotionalValue": _max_notional(holding),
            "marginType": "isolated" if holding.isolated else "cross",
            "isolatedMargin": money_text(holding.isolated_margin),
            "isAutoAddMargin": "false",
            "positionSide": holding.side.value,
            "notional": money_text(holding.notional),
            "isolatedWallet": money_text(holding.position.isolated_wallet),
            "updateTime": holding.position.updated_ms,
        }
        for holding in _every(state, account, symbol)
    ]


def position_risk_v3(state: State, account: FuturesAccount, symbol: str | None) -> list[Json]:
    """Return `GET /fapi/v3/positionRisk`: "only symbols that have positions or open orders"."""
    return [
        {
            "symbol": holding.contract.symbol,
            "positionSide": holding.side.value,
            "positionAmt": holding.contract.quantity_text(holding.position.amount),
            "entryPrice": money_price_text(holding.position.entry_price),
            "breakEvenPrice": money_price_text(holding.position.break_even_price),
            "markPrice": units_text(holding.mark),
            "unRealizedProfit": money_text(holding.unrealised),
            "liquidationPrice": _liquidation(state, account, holding),
            "isolatedMargin": money_text(holding.isolated_margin),
            "notional": money_text(holding.notional),
            "marginAsset": holding.contract.asset,
            "isolatedWallet": money_text(holding.position.isolated_wallet),
            "initialMargin": money_text(holding.requirement),
            "maintMargin": money_text(holding.maintenance),
            "positionInitialMargin": money_text(holding.position_margin),
            "openOrderInitialMargin": money_text(holding.order_margin),
            "adl": ADL_QUANTILE,
            "bidNotional": money_text(holding.bids),
            "askNotional": money_text(holding.asks),
            "updateTime": holding.position.updated_ms,
        }
        for holding in _holdings(state, account)
        if symbol in (None, holding.contract.symbol)
    ]


def adl_quantiles(state: State, account: FuturesAccount, symbol: str | None) -> list[Json]:
    """Return `GET /fapi/v1/adlQuantile` of the symbols with positions."""
    rows: dict[str, Json] = {}
    for holding in _holdings(state, account):
        if holding.position.amount and symbol in (None, holding.contract.symbol):
            row = rows.setdefault(holding.contract.symbol, {"LONG": 0, "SHORT": 0, "BOTH": 0})
            row[holding.side.value] = ADL_QUANTILE
    return [{"symbol": name, "adlQuantile": row} for name, row in rows.items()]


def brackets(contract: Contract) -> Json:
    """Return a symbol's entry of `GET /fapi/v1/leverageBracket`."""
    return {
        "symbol": contract.symbol,
        "notionalCoef": 1.0,
        "brackets": [
            {
                "bracket": tier.number,
                "initialLeverage": tier.leverage,
                "notionalCap": tier.cap // MONEY_UNIT,
                "notionalFloor": tier.floor // MONEY_UNIT,
                "maintMarginRatio": tier.maintenance_ppm / 1_000_000,
                "cum": float(to_text(tier.cumulative, MONEY_DECIMALS)),
            }
            for tier in contract.brackets
        ],
    }


def income_row(entry: Income) -> Json:
    """Return an entry of `GET /fapi/v1/income`."""
    return {
        "symbol": entry.symbol,
        "incomeType": entry.kind,
        "income": money_text(entry.amount),
        "asset": entry.asset,
        "info": entry.info,
        "time": entry.time_ms,
        "tranId": entry.transaction_id,
        "tradeId": str(entry.trade_id) if entry.trade_id else "",
    }


def _margins(state: State, account: FuturesAccount) -> list[tuple[str, AssetMargin]]:
    return [(asset, state.margin(account, asset)) for asset in account.wallets]


def _holdings(state: State, account: FuturesAccount) -> list[Holding]:
    return [holding for asset in state.assets for holding in state.holdings(account, asset)]


def _every(state: State, account: FuturesAccount, symbol: str | None) -> Iterator[Holding]:
    for contract in state.contracts.values():
        if symbol in (None, contract.symbol):
            for side in account.sides():
                yield state.holding(account, contract, side)


def _max_notional(holding: Holding) -> str:
    return str(holding.contract.max_notional(holding.leverage) // MONEY_UNIT)


def _liquidation(state: State, account: FuturesAccount, holding: Holding) -> str:
    asset = holding.contract.asset
    holdings = state.holdings(account, asset)
    # The position itself as it stands among them, so that both sides of hedge mode are reckoned together.
    found = next((one for one in holdings if one.contract is holding.contract and one.side is holding.side), holding)
    return money_price_text(liquidation_price(account.margin(asset, holdings), found, holdings))


def _assets(state: State, account: FuturesAccount) -> list[Json]:
    return [
        {
            "asset": asset,
            "walletBalance": money_text(margin.wallet),
            "unrealizedProfit": money_text(margin.unrealised),
            "marginBalance": money_text(margin.balance),
            "maintMargin": money_text(margin.maintenance),
            "initialMargin": money_text(margin.initial),
            "positionInitialMargin": money_text(margin.position_margin),
            "openOrderInitialMargin": money_text(margin.order_margin),
            "crossWalletBalance": money_text(margin.cross_wallet),
            "crossUnPnl": money_text(margin.cross_unrealised),
            "availableBalance": money_text(margin.available),
            "maxWithdrawAmount": money_text(margin.max_withdraw),
            "marginAvailable": True,
            "updateTime": account.updated_ms,
        }
        for asset, margin in _margins(state, account)
    ]


def _totals(state: State, account: FuturesAccount) -> Json:
    """Return the totals; in single-asset mode "only for USDT asset"."""
    margin = state.margin(account, "USDT")
    return {
        "totalInitialMargin": money_text(margin.initial),
        "totalMaintMargin": money_text(margin.maintenance),
        "totalWalletBalance": money_text(margin.wallet),
        "totalUnrealizedProfit": money_text(margin.unrealised),
        "totalMarginBalance": money_text(margin.balance),
        "totalPositionInitialMargin": money_text(margin.position_margin),
        "totalOpenOrderInitialMargin": money_text(margin.order_margin),
        "totalCrossWalletBalance": money_text(margin.cross_wallet),
        "totalCrossUnPnl": money_text(margin.cross_unrealised),
        "availableBalance": money_text(margin.available),
        "maxWithdrawAmount": money_text(margin.max_withdraw),
    }
