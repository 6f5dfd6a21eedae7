"""The account endpoints: balances, positions, leverage, margin, modes, history. No I/O.

Source: https://developers.binance.com/docs/derivatives/usds-margined-futures/account/rest-api
"""

from connectors.embedded import refusals as market_refusals
from connectors.embedded.exchange.usdm import account_answers, events, refusals
from connectors.embedded.exchange.usdm.account import FuturesAccount, MarginChange
from connectors.embedded.exchange.usdm.account_answers import Json
from connectors.embedded.exchange.usdm.contracts import Contract
from connectors.embedded.exchange.usdm.engine import Engine
from connectors.embedded.exchange.usdm.margin import divided_up
from connectors.embedded.exchange.usdm.positions import PositionSide
from connectors.embedded.exchange.usdm.requests import Parameters, decimal, flag, integer, position_side_of
from connectors.embedded.exchange.usdm.texts import money_text, ppm_text
from connectors.embedded.exchange.usdm.windows import window
from core.money import MONEY_UNIT

_SUCCESS: Json = {"code": 200, "msg": "success"}
_MONEY_OF_UNIT = MONEY_UNIT // 10**8


class AccountApi:
    """Every account endpoint: (account, parameters) in, the answer out, RequestError where it is refused."""

    def __init__(self, engine: Engine) -> None:
        """Answer from the engine's state."""
        self.engine = engine
        self.state = engine.state

    # --------------------------------------------------------------------------------------------------- what there is

    def balance(self, name: str, _: Parameters) -> list[Json]:
        """`GET balance`."""
        return account_answers.balances(self.state, self.state.account(name))

    def account_v2(self, name: str, _: Parameters) -> Json:
        """`GET /fapi/v2/account`."""
        return account_answers.account_v2(self.state, self.state.account(name))

    def account_v3(self, name: str, _: Parameters) -> Json:
        """`GET /fapi/v3/account`."""
        return account_answers.account_v3(self.state, self.state.account(name))

    def position_risk_v2(self, name: str, parameters: Parameters) -> list[Json]:
        """`GET /fapi/v2/positionRisk`."""
        return account_answers.position_risk_v2(self.state, self.state.account(name), self._optional(parameters))

    def position_risk_v3(self, name: str, parameters: Parameters) -> list[Json]:
        """`GET /fapi/v3/positionRisk`."""
        return account_answers.position_risk_v3(self.state, self.state.account(name), self._optional(parameters))

    def adl_quantile(self, name: str, parameters: Parameters) -> list[Json]:
        """`GET adlQuantile`."""
        return account_answers.adl_quantiles(self.state, self.state.account(name), self._optional(parameters))

    def income(self, name: str, parameters: Parameters) -> list[Json]:
        """`GET income`."""
        symbol, kind = self._optional(parameters), parameters.get("incomeType", "")
        mine = [
            entry
            for entry in self.state.account(name).income
            if symbol in (None, entry.symbol) and kind in ("", entry.kind)
        ]
        page, limit = integer(parameters, "page", 1), integer(parameters, "limit", 100)
        if page > 1 and parameters.get("startTime"):
            begin = integer(parameters, "startTime")
            mine = [entry for entry in mine if entry.time_ms >= begin][(page - 1) * min(limit, 1_000) :]
        found = window(mine, parameters, "", lambda e: e.transaction_id, lambda e: e.time_ms, default=100)
        return [account_answers.income_row(entry) for entry in found]

    def brackets(self, _: str, parameters: Parameters) -> object:
        """`GET leverageBracket`: of one symbol or all, as a list either way."""
        symbol = self._optional(parameters)
        return [
            account_answers.brackets(contract)
            for contract in self.state.contracts.values()
            if symbol in (None, contract.symbol)
        ]

    def commission(self, _: str, parameters: Parameters) -> Json:
        """`GET commissionRate`."""
        settings = self.state.settings
        return {
            "symbol": self._contract(parameters).symbol,
            "makerCommissionRate": ppm_text(settings.maker_ppm),
            "takerCommissionRate": ppm_text(settings.taker_ppm),
            "rpiCommissionRate": ppm_text(settings.maker_ppm),
        }

    def account_config(self, name: str, _: Parameters) -> Json:
        """`GET accountConfig`."""
        return {
            "feeTier": 0,
            "canTrade": True,
            "canDeposit": True,
            "canWithdraw": True,
            "dualSidePosition": self.state.account(name).dual,
            "updateTime": 0,
            "multiAssetsMargin": False,
            "tradeGroupId": -1,
        }

    def symbol_config(self, name: str, parameters: Parameters) -> list[Json]:
        """`GET symbolConfig`."""
        account, symbol = self.state.account(name), self._optional(parameters)
        rows: list[Json] = []
        for contract in self.state.contracts.values():
            if symbol in (None, contract.symbol):
                settings = account.settings_of(contract.symbol)
                rows.append(
                    {
                        "symbol": contract.symbol,
                        "marginType": "ISOLATED" if settings.isolated else "CROSSED",
                        "isAutoAddMargin": False,
                        "leverage": settings.leverage,
                        "maxNotionalValue": str(contract.max_notional(settings.leverage) // MONEY_UNIT),
                    }
                )
        return rows

    def multi_assets(self, _: str, __: Parameters) -> Json:
        """`GET multiAssetsMargin`."""
        return {"multiAssetsMargin": False}

    def fee_burn(self, _: str, __: Parameters) -> Json:
        """`GET feeBurn`: commissions are paid in the margin asset."""
        return {"feeBurn": False}

    def dual(self, name: str, _: Parameters) -> Json:
        """`GET positionSide/dual`."""
        return {"dualSidePosition": self.state.account(name).dual}

    # ------------------------------------------------------------------------------------------ what is changed

    def set_multi_assets(self, _: str, parameters: Parameters) -> Json:
        """`POST multiAssetsMargin`: Single-Asset mode only."""
        if not parameters.get("multiAssetsMargin"):
            raise market_refusals.missing("multiAssetsMargin")
        if flag(parameters, "multiAssetsMargin"):
            raise refusals.no_multi_assets()
        return _SUCCESS

    def set_dual(self, name: str, parameters: Parameters) -> Json:
        """`POST positionSide/dual`: "on EVERY symbol"."""
        if not parameters.get("dualSidePosition"):
            raise market_refusals.missing("dualSidePosition")
        account, dual = self.state.account(name), flag(parameters, "dualSidePosition")
        if dual is account.dual:
            raise refusals.same_position_mode()
        if self.state.open_orders(name) or self.state.open_algos(name):
            raise refusals.position_mode_with_orders()
        if any(position.amount for position in account.positions.values()):
            raise refusals.position_mode_with_position()
        account.dual = dual
        return _SUCCESS

    def set_leverage(self, name: str, parameters: Parameters) -> Json:
        """`POST leverage`: from 1 to the symbol's largest."""
        account, contract = self.state.account(name), self._contract(parameters)
        leverage = integer(parameters, "leverage")
        settings = account.settings_of(contract.symbol)
        if not 1 <= leverage <= contract.max_leverage:
            raise refusals.invalid_leverage(str(leverage))
        holdings = [self.state.holding(account, contract, side) for side in account.sides()]
        if settings.isolated and leverage < settings.leverage and any(h.position.amount for h in holdings):
            raise refusals.leverage_with_isolated_position()
        if any(
            max(abs(h.notional + h.bids), abs(h.notional - h.asks)) > contract.max_notional(leverage) for h in holdings
        ):
            raise refusals.beyond_leverage()
        before, settings.leverage = settings.leverage, leverage
        margin = self.state.margin(account, contract.asset)
        if leverage < before and margin.cross_wallet + margin.cross_unrealised < margin.initial:
            settings.leverage = before
            raise refusals.leverage_too_small()
        if leverage != before:
            now_ms = self.state.now_ms()
            self.state.tell(name, events.leverage_event(contract.symbol, leverage, now_ms))
        return {
            "leverage": leverage,
            "maxNotionalValue": str(contract.max_notional(leverage) // MONEY_UNIT),
            "symbol": contract.symbol,
        }

    def set_margin_type(self, name: str, parameters: Parameters) -> Json:
        """`POST marginType`: ISOLATED or CROSSED."""
        account, contract = self.state.account(name), self._contract(parameters)
        text = parameters.get("marginType", "")
        if text not in ("ISOLATED", "CROSSED"):
            raise market_refusals.missing("marginType") if not text else market_refusals.not_valid("marginType")
        settings, isolated = account.settings_of(contract.symbol), text == "ISOLATED"
        if settings.isolated is isolated:
            raise refusals.same_margin_type()
        if self.state.open_orders(name, contract.symbol) or self.state.open_algos(name, contract.symbol):
            raise refusals.margin_type_with_orders()
        holdings = [self.state.holding(account, contract, side) for side in account.sides()]
        if any(holding.position.amount for holding in holdings):
            raise refusals.margin_type_with_position()
        settings.isolated = isolated
        told = [self.state.holding(account, contract, side) for side in account.sides()]
        self.engine.tell_account(account, "MARGIN_TYPE_CHANGE", contract.asset, told)
        return _SUCCESS

    def change_margin(self, name: str, parameters: Parameters) -> Json:
        """`POST positionMargin`: "1: Add position margin, 2: Reduce position margin", of an isolated position."""
        account, contract = self.state.account(name), self._contract(parameters)
        side = position_side_of(parameters, dual=account.dual)
        amount = decimal(parameters, "amount", 8) * _MONEY_OF_UNIT
        kind = integer(parameters, "type")
        if kind not in (1, 2):
            raise market_refusals.not_valid("type")
        if amount <= 0:
            raise refusals.amount_not_positive()
        if not account.settings_of(contract.symbol).isolated:
            raise refusals.only_isolated_margin()
        position = account.position(contract.symbol, side)
        if not position.amount:
            raise refusals.no_position_to_margin()
        signed = amount if kind == 1 else -amount
        if signed > self.state.margin(account, contract.asset).available:
            raise refusals.cross_too_small()
        if kind == 2 and amount > self._removable(account, contract, side):
            raise refusals.isolated_too_small()
        position.isolated_wallet += signed
        now_ms = self.state.now_ms()
        account.margin_changes.append(
            MarginChange(
                symbol=contract.symbol,
                side=side,
                amount=signed,
                asset=contract.asset,
                time_ms=now_ms,
                by_user=True,
            )
        )
        self.engine.tell_account(
            account, "MARGIN_TRANSFER", contract.asset, [self.state.holding(account, contract, side)]
        )
        self.state.moved[contract.symbol] = None
        return {
            "amount": float(money_text(amount)),
            "code": 200,
            "msg": "Successfully modify position margin.",
            "type": kind,
        }

    def margin_history(self, name: str, parameters: Parameters) -> list[Json]:
        """`GET positionMargin/history`."""
        contract, kind = self._contract(parameters), integer(parameters, "type", 0)
        mine = [
            change
            for change in self.state.account(name).margin_changes
            if change.symbol == contract.symbol and kind in (0, 1 if change.amount > 0 else 2)
        ]
        return [
            {
                "symbol": change.symbol,
                "type": 1 if change.amount > 0 else 2,
                "deltaType": "USER_ADJUST" if change.by_user else "TRADE",
                "amount": money_text(abs(change.amount)),
                "asset": change.asset,
                "time": change.time_ms,
                "positionSide": change.side.value,
            }
            for change in window(mine, parameters, "", lambda c: c.time_ms, lambda c: c.time_ms)
        ]

    def _removable(self, account: FuturesAccount, contract: Contract, side: PositionSide) -> int:
        """Return how much can leave an isolated position: it keeps its initial margin, and bears its own loss."""
        holding = self.state.holding(account, contract, side)
        kept = divided_up(abs(holding.notional), holding.leverage) - min(0, holding.unrealised)
        return max(0, holding.position.isolated_wallet - kept)

    def _contract(self, parameters: Parameters) -> Contract:
        name = parameters.get("symbol", "")
        if not name:
            raise market_refusals.missing("symbol")
        contract = self.state.contracts.get(name)
        if contract is None:
            raise market_refusals.invalid_symbol()
        return contract

    def _optional(self, parameters: Parameters) -> str | None:
        return self._contract(parameters).symbol if parameters.get("symbol") else None
