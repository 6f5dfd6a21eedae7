"""Short ways to make what the tests of `oms` and `risk` talk about."""

from typing import TypeVar

from core.effects import Effect
from core.events import OrderReport, ReportType
from core.instruments import AssetClass, Instrument
from core.money import money
from core.orders import ApprovedCancel, ApprovedSubmit, OrderIntent, OrderType, Side
from oms.manager import OrderManager
from oms.order import Order
from oms.rules import AccountingRules

E = TypeVar("E")

SPOT = Instrument(
    symbol="BTCUSDT",
    venue="BINANCE",
    asset_class=AssetClass.CRYPTO_SPOT,
    base="BTC",
    quote="USDT",
    price_precision=2,
    size_precision=5,
    tick=1,
    lot=1,
)
PERPETUAL = Instrument(
    symbol="ETHUSDT",
    venue="BINANCEUSDM",
    asset_class=AssetClass.PERPETUAL,
    base="ETH",
    quote="USDT",
    settlement="USDT",
    price_precision=1,
    size_precision=3,
    tick=1,
    lot=1,
)
BTC, ETH = 0, 1


class Desk:
    """An order manager with one spot and one perpetual instrument, and the effects of its last call."""

    def __init__(
        self,
        usdt: str = "100000",
        keep_closed: int = 100,
        keep_forgotten: int = 100,
        rules: AccountingRules | None = None,
    ) -> None:
        self.manager = OrderManager({"USDT": money(usdt)}, keep_closed, keep_forgotten, rules)
        self.manager.define(BTC, SPOT)
        self.manager.define(ETH, PERPETUAL)
        self.effects: list[Effect] = []
        self.now_ns = 1_000

    def submit(self, name: str = "o1", **fields: object) -> Order:
        self._begin()
        self.manager.submit(approved(intent(name, **fields)), self.now_ns, self.effects)
        return self.order(name)

    def cancel(self, name: str = "o1") -> Order:
        self._begin()
        order = self.order(name)
        command = ApprovedCancel(
            client_order_id=name, strategy_id="s", instrument=order.instrument, venue_order_id=order.venue_order_id
        )
        self.manager.cancel_sent(command, self.now_ns, self.effects)
        return order

    def report(
        self, kind: ReportType, name: str = "o1", instrument: int | None = None, **fields: object
    ) -> Order | None:
        self._begin()
        order = self.manager.order(name)
        index = instrument if instrument is not None else order.instrument if order else BTC
        report = OrderReport(type=kind, client_order_id=name, **fields)  # type: ignore[arg-type]
        return self.manager.report(report, index, self.now_ns, self.effects)

    def fill(self, exec_id: str, quantity: int, price: int, name: str = "o1", **fields: object) -> Order | None:
        return self.report(ReportType.FILLED, name, exec_id=exec_id, quantity=quantity, price=price, **fields)  # type: ignore[arg-type]

    def order(self, name: str = "o1") -> Order:
        order = self.manager.order(name)
        assert order is not None
        return order

    def alerts(self) -> list[str]:
        """The codes of the alerts of the last call."""
        return [effect.code for effect in self.effects if type(effect).__name__ == "Alert"]  # type: ignore[union-attr]

    def kinds(self) -> list[str]:
        """The names of the effects of the last call."""
        return [type(effect).__name__ for effect in self.effects]

    def effect(self, kind: type[E]) -> E:
        """The one effect of this type of the last call."""
        (found,) = [effect for effect in self.effects if isinstance(effect, kind)]
        return found

    def _begin(self) -> None:
        self.now_ns += 1_000
        self.effects = []


def intent(name: str = "o1", **fields: object) -> OrderIntent:
    """A limit buy of 0.001 BTC at 60,000, unless told otherwise."""
    given: dict[str, object] = {
        "client_order_id": name,
        "strategy_id": "s",
        "instrument": BTC,
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "quantity": 100,
        "price": 60_000_00,
    }
    return OrderIntent(**(given | fields))  # type: ignore[arg-type]


def approved(wish: OrderIntent) -> ApprovedSubmit:
    """An order as if it had passed the gate."""
    return ApprovedSubmit(intent=wish, reference_price=wish.price, limits_version=1)
