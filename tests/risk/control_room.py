"""A gate with `[risk.controls]`, three markets and every effect counted, for the tests of `risk.controls`."""

from collections.abc import Mapping
from typing import Any

import msgspec

from core.effects import Effect
from core.events import OrderReport, ReportType
from core.ids import client_order_id
from core.instruments import AssetClass, Instrument
from core.market import Market
from core.money import money
from core.orders import ApprovedSubmit, CancelIntent, OrderIntent, OrderType, Refusal, ReplaceIntent, Side
from oms.manager import OrderManager
from risk.control_settings import ControlSettings, ScopeLimits
from risk.gate import Gate
from risk.portfolio_figures import PortfolioFigures
from tests.risk.room import INSTRUMENT, SECOND_NS, WIDE

PERP, SPOT, CROSS = 0, 1, 2
Quoted = tuple[Instrument, int, int]
MARKETS: dict[int, Quoted] = {
    PERP: (msgspec.structs.replace(INSTRUMENT, native=("replace",)), 999_95, 1000_05),
    SPOT: (
        msgspec.structs.replace(
            INSTRUMENT, symbol="ETHUSDT", venue="KRAKEN", base="ETH", asset_class=AssetClass.CRYPTO_SPOT
        ),
        199_95,
        200_05,
    ),
    CROSS: (
        msgspec.structs.replace(
            INSTRUMENT, symbol="SOLETH", base="SOL", quote="ETH", asset_class=AssetClass.CRYPTO_SPOT, min_notional=0
        ),
        99_90,
        100_10,
    ),
}
"""The middle of each: 1000 USDT, 200 USDT, 100 ETH. A quantity unit is 0.0001 of the base."""


class ControlRoom:
    """Three markets, of which the last is quoted in what the second one prices; effects as the desk collects them."""

    def __init__(self, equity: str = "1000", markets: Mapping[int, Quoted] = MARKETS, **controls: Any) -> None:
        self.now_ns = (86_400 + 1_000) * SECOND_NS  # a day has begun
        self.effects: list[Effect] = []
        self.manager = OrderManager({"USDT": money(equity)})
        limits = msgspec.structs.replace(WIDE, controls=ControlSettings(**controls))
        self.gate = Gate(limits)
        self.portfolio = PortfolioFigures()
        self.gate.watch(self.manager, self.effects, self.portfolio)
        self.markets = [Market(index, instrument) for index, (instrument, _, _) in markets.items()]
        self.manager.books.rates.markets = self.markets
        for market in self.markets:
            instrument, bid, ask = markets[market.index]
            market.connected = True
            self.manager.define(market.index, instrument)
            self.gate.define(market.index, instrument)
            self.quote(market.index, bid, ask)
        self.orders = 0

    def quote(self, index: int, bid: int, ask: int, quantity: int = 1_000) -> None:
        market = self.markets[index]
        market.bid_price, market.ask_price, market.quote_ns = bid, ask, self.now_ns
        market.bid_quantity = market.ask_quantity = quantity
        market.last_price, market.trade_ns = (bid + ask) // 2, self.now_ns

    def wait(self, ns: int) -> None:
        """Let time pass; the event ends, and its effects are taken away. The quotes stay fresh."""
        self.end_event()
        self.now_ns += ns
        for market in self.markets:
            market.quote_ns = market.trade_ns = self.now_ns

    def end_event(self) -> None:
        if self.gate.controls is not None:
            self.gate.controls.collected(self.now_ns)
        self.effects.clear()

    def intent(self, **fields: object) -> OrderIntent:
        """Return a limit buy of 0.01 BTC at 1000.00, 10 USDT, unless told otherwise."""
        self.orders += 1
        index = fields.get("instrument", PERP)
        middle = {PERP: 1000_00, SPOT: 200_00, CROSS: 100_00}[index]  # type: ignore[index]
        given: dict[str, object] = {
            "client_order_id": client_order_id(1, self.orders),
            "strategy_id": "ema",
            "instrument": PERP,
            "side": Side.BUY,
            "type": OrderType.LIMIT,
            "quantity": 100,
            "price": 0 if fields.get("type") is OrderType.MARKET else middle,
        }
        return OrderIntent(**(given | fields))  # type: ignore[arg-type]

    def ask(self, **fields: object) -> ApprovedSubmit | Refusal:
        """Ask the gate; what passes is submitted at once, as the desk does."""
        intent = self.intent(**fields)
        market = self.markets[intent.instrument]
        answer = self.gate.check_submit(intent, market, self.manager, True, self.now_ns)
        self.effects.append(answer)
        if isinstance(answer, ApprovedSubmit):
            self.manager.submit(answer, self.now_ns, self.effects)
        return answer

    def code(self, **fields: object) -> str:
        answer = self.ask(**fields)
        return answer.code if isinstance(answer, Refusal) else ""

    def refusal(self, **fields: object) -> Refusal:
        answer = self.ask(**fields)
        assert isinstance(answer, Refusal), "the gate let it pass"
        return answer

    def place(self, **fields: object) -> str:
        answer = self.ask(**fields)
        assert isinstance(answer, ApprovedSubmit), answer
        return answer.intent.client_order_id

    def report(self, kind: ReportType, name: str, **fields: object) -> None:
        order = self.manager.order(name)
        assert order is not None
        report = OrderReport(type=kind, client_order_id=name, **fields)  # type: ignore[arg-type]
        self.manager.report(report, order.instrument, self.now_ns, self.effects)

    def fill(self, name: str, quantity: int, fee: str = "0", fee_currency: str = "USDT") -> None:
        order = self.manager.order(name)
        assert order is not None
        self.report(
            ReportType.FILLED,
            name,
            exec_id=f"{name}-{order.filled}",
            quantity=quantity,
            price=order.price or self.markets[order.instrument].last_price,
            fee=str(money(fee)),
            fee_currency=fee_currency,
        )

    def hold(self, quantity: int, **fields: object) -> None:
        """Come to a position by a filled order."""
        side = Side.BUY if quantity > 0 else Side.SELL
        self.fill(self.place(side=side, quantity=abs(quantity), **fields), abs(quantity))

    def cancel(self, name: str) -> None:
        command = self.gate.check_cancel(CancelIntent(client_order_id=name, strategy_id=""), self.manager, self.now_ns)
        assert not isinstance(command, str), command
        self.effects.append(command)
        self.manager.cancel_sent(command, self.now_ns, self.effects)

    def replace(self, name: str, **fields: int) -> object:
        order = self.manager.order(name)
        assert order is not None
        intent = ReplaceIntent(client_order_id=name, strategy_id="", **fields)
        market = self.markets[order.instrument]
        return self.gate.check_replace(intent, market, self.manager, True, self.now_ns)


def limited(scope: str = "all", **limits: Any) -> dict[str, Any]:
    """Return `[risk.controls]` with limits in one scope."""
    return {"limits": {scope: ScopeLimits(**limits)}}
