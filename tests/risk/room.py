"""A gate with a market around it, for the tests of `risk`."""

import msgspec

from core.events import OrderReport, ReportType
from core.instruments import AssetClass, Instrument
from core.market import Market
from core.money import money
from core.orders import ApprovedCancel, ApprovedSubmit, CancelIntent, OrderIntent, OrderType, Refusal, Side
from oms.manager import OrderManager
from risk.gate import Gate
from risk.limits import RiskLimits

BTC = 0
SECOND_NS = 1_000_000_000
INSTRUMENT = Instrument(
    symbol="BTCUSDT",
    venue="BINANCE",
    asset_class=AssetClass.PERPETUAL,
    base="BTC",
    quote="USDT",
    price_precision=2,
    size_precision=4,
    tick=10,
    lot=5,
    min_quantity=10,
    max_quantity=100_000,
    min_notional=money("1"),
)
WIDE = RiskLimits(
    max_order_notional=10**9,
    max_position_notional=10**9,
    max_open_orders=1_000,
    max_open_orders_total=1_000,
    max_orders_per_second=1_000,
    max_orders_per_minute=10_000,
)


class Room:
    """Bid 999.95, ask 1000.05, last trade 1000: the middle is 1000.00, a quantity unit 0.0001 BTC, so 0.1 USDT."""

    def __init__(self, limits: RiskLimits = WIDE, **rules: object) -> None:
        self.now_ns = 1_000 * SECOND_NS
        self.instrument = msgspec.structs.replace(INSTRUMENT, **rules)
        self.manager = OrderManager({"USDT": money("1000000")})
        self.gate = Gate(limits)
        self.manager.define(BTC, self.instrument)
        self.gate.define(BTC, self.instrument)
        self.market = Market(BTC, self.instrument)
        self.market.connected = True
        self.quote(999_95, 1000_05)
        self.trade(1000_00)
        self.ready = self.has_market = True
        self._orders = 0

    def quote(self, bid: int, ask: int) -> None:
        self.market.bid_price, self.market.ask_price, self.market.quote_ns = bid, ask, self.now_ns

    def trade(self, price: int) -> None:
        self.market.last_price, self.market.trade_ns = price, self.now_ns

    def ask(self, **fields: object) -> ApprovedSubmit | Refusal:
        """Ask the gate for a limit buy of 0.01 BTC at 1000.00, unless told otherwise."""
        self._orders += 1
        given: dict[str, object] = {
            "client_order_id": f"o{self._orders}",
            "strategy_id": "s",
            "instrument": BTC,
            "side": Side.BUY,
            "type": OrderType.LIMIT,
            "quantity": 100,
            "price": 1000_00,
        }
        if fields.get("type") is OrderType.MARKET:
            given["price"] = 0
        intent = OrderIntent(**(given | fields))  # type: ignore[arg-type]
        market = self.market if self.has_market else None
        return self.gate.check_submit(intent, market, self.manager, self.ready, self.now_ns)

    def code(self, **fields: object) -> str:
        """Ask, and return the refusal's code, empty for an approval."""
        answer = self.ask(**fields)
        return answer.code if isinstance(answer, Refusal) else ""

    def refusal(self, **fields: object) -> Refusal:
        """Ask, and return the refusal that there must be."""
        answer = self.ask(**fields)
        assert isinstance(answer, Refusal), "the gate let it pass"
        return answer

    def place(self, **fields: object) -> str:
        """Ask, submit what must have passed, and return its client order id."""
        answer = self.ask(**fields)
        assert isinstance(answer, ApprovedSubmit), answer
        self.manager.submit(answer, self.now_ns, [])
        return answer.intent.client_order_id

    def report(self, kind: ReportType, name: str, **fields: object) -> None:
        report = OrderReport(type=kind, client_order_id=name, **fields)  # type: ignore[arg-type]
        self.manager.report(report, BTC, self.now_ns, [])

    def fill(self, name: str, quantity: int) -> None:
        exec_id = f"e{self.now_ns}-{quantity}"
        self.report(ReportType.FILLED, name, exec_id=exec_id, quantity=quantity, price=1000_00)

    def hold(self, quantity: int) -> None:
        """Come to a position by a filled order."""
        side = Side.BUY if quantity > 0 else Side.SELL
        name = self.place(side=side, quantity=abs(quantity))
        self.fill(name, abs(quantity))

    def cancel(self, name: str, strategy_id: str = "s") -> ApprovedCancel | str:
        intent = CancelIntent(client_order_id=name, strategy_id=strategy_id)
        return self.gate.check_cancel(intent, self.manager, self.now_ns)
