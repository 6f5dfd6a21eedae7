"""What holds of USDⓈ-M futures whatever traders and market do: conservation, reduce-only, maintenance, margin."""

from contextlib import suppress
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.embedded.exchange.usdm.positions import PositionSide
from core.money import MONEY_UNIT
from tests.connectors.embedded.futures import ONE, Bench, Refused, Trader

SYMBOLS = ("BTCUSDT", "ETHUSDT")
START = {"BTCUSDT": 60_000, "ETHUSDT": 2_000}
DEPOSIT = 400
FACTOR = 100  # money in the product of a price and a quantity

numbers = st.integers(0, 10**6)
actions = st.lists(
    st.tuples(
        st.sampled_from(
            (
                *("limit", "limit", "market", "market", "reduce", "algo", "move", "jump", "print", "cancel", "modify"),
                *("fund", "leverage", "isolate", "margin", "hedge"),
            )
        ),
        st.sampled_from("abc"),
        st.sampled_from(SYMBOLS),
        numbers,
        numbers,
    ),
    min_size=12,
    max_size=45,
)


class Play:
    """Random traders in a random market."""

    def __init__(self) -> None:
        self.bench = Bench("abc", balance=str(DEPOSIT), limits=(), funding_interval_ms=3_600_000)
        self.traders = {name: self.bench.trader(name) for name in "abc"}
        self.prices = dict(START)
        for symbol in SYMBOLS:
            self.show(symbol, 50)
            self.bench.last(START[symbol], symbol=symbol)
            for trader in self.traders.values():
                trader.call("POST", "v1/leverage", symbol=symbol, leverage=100)

    def show(self, symbol: str, depth: int) -> None:
        price, size = self.prices[symbol], 1 + depth % 40
        unit = max(1, START[symbol] // 2_000)
        bids = [((price - unit * rank) * ONE, size * ONE // 20) for rank in range(1, 4)]
        asks = [((price + unit * rank) * ONE, size * ONE // 20) for rank in range(1, 4)]
        self.bench.exchange.on_market_levels(symbol, bids, asks, whole=True)

    def act(self, kind: str, name: str, symbol: str, one: int, two: int) -> None:
        trader, price = self.traders[name], self.prices[symbol]
        side = "BUY" if one % 2 else "SELL"
        quantity = f"{(1 + one % 900) / 1000 * START['BTCUSDT'] / START[symbol] / 4:.3f}"
        near = f"{price * (1 + (two % 400 - 200) / 20_000):.1f}"
        hedged = self.bench.exchange.state.account(name).dual
        more: dict[str, Any] = {"symbol": symbol}
        if hedged:
            more["positionSide"] = "LONG" if two % 2 else "SHORT"
        if kind == "limit":
            trader.order(side, quantity, near, timeInForce=("GTC", "GTC", "IOC", "GTX")[two % 4], **more)
        elif kind == "market":
            trader.order(side, quantity, **more)
        elif kind == "reduce" and not hedged:
            side = "SELL" if trader.position(symbol) > 0 else "BUY"
            trader.order(side, quantity, near if two % 3 else None, reduceOnly="true", **more)
        elif kind == "algo":
            trader.algo("STOP_MARKET", side, quantity, triggerPrice=near, **more)
        elif kind in ("move", "jump"):
            width = 100 if kind == "move" else 1_500
            self.prices[symbol] = max(START[symbol] // 2, price + price * (one % (2 * width + 1) - width) // 10_000)
            self.show(symbol, two)
            self.bench.last(self.prices[symbol], symbol=symbol)
        elif kind == "print":
            self.bench.last(round(float(near)), (1 + one % 2_000) / 1_000, symbol=symbol, sold=bool(two % 2))
        elif kind == "fund":
            self.bench.exchange.state.symbols[symbol].pricing.rate = one % 200_000 - 100_000
            self.bench.advance(3_600_000)
        else:
            self.change(kind, trader, symbol, one, two)

    def change(self, kind: str, trader: Trader, symbol: str, one: int, two: int) -> None:
        opened = trader.call("GET", "v1/openOrders", symbol=symbol)
        if kind == "cancel" and opened:
            trader.call("DELETE", "v1/order", symbol=symbol, orderId=opened[one % len(opened)]["orderId"])
        elif kind == "modify" and opened:
            row = opened[one % len(opened)]
            price = f"{float(row['price']) * (1 + (two % 100 - 50) / 10_000):.1f}"
            terms = {"symbol": symbol, "side": row["side"], "orderId": row["orderId"]}
            trader.call("PUT", "v1/order", **terms, price=price, quantity=row["origQty"])
        elif kind == "leverage":
            trader.call("POST", "v1/leverage", symbol=symbol, leverage=1 + one % 125)
        elif kind == "isolate":
            trader.call("POST", "v1/marginType", symbol=symbol, marginType="ISOLATED" if one % 3 else "CROSSED")
        elif kind == "margin":
            trader.call("POST", "v1/positionMargin", symbol=symbol, amount=1 + one % 500, type=1 + two % 2)
        elif kind == "hedge":
            trader.call("POST", "v1/positionSide/dual", dualSidePosition="true" if one % 2 else "false")

    def run(self, moves: list[tuple[str, str, str, int, int]]) -> None:
        for move in moves:
            with suppress(Refused):
                self.act(*move)
            self.check()

    def check(self) -> None:
        self.check_conserved()
        self.check_maintained()
        self.check_margins()

    def check_conserved(self) -> None:
        state = self.bench.exchange.state
        positions = [(key[0], one) for account in state.accounts.values() for key, one in account.positions.items()]
        positions += state.house.positions.items()
        for symbol in SYMBOLS:
            assert sum(one.amount for name, one in positions if name == symbol) == 0
        wallets = sum(account.wallets["USDT"] for account in state.accounts.values())
        # Amounts add up to nothing, so unrealised profit at any price is what the costs add up to.
        assert wallets - sum(one.cost for _, one in positions) + state.house.total("USDT") == 3 * DEPOSIT * MONEY_UNIT
        for account in state.accounts.values():
            assert account.wallets["USDT"] == sum(entry.amount for entry in account.income)

    def check_maintained(self) -> None:
        state = self.bench.exchange.state
        for account in state.accounts.values():
            margin = state.margin(account, "USDT")
            assert margin.cross_maintenance == 0 or margin.cross_balance > margin.cross_maintenance
            assert margin.cross_maintenance or margin.cross_wallet >= 0, "nobody owes the venue anything"
            for holding in state.holdings(account, "USDT"):
                if holding.isolated and holding.position.amount:
                    assert holding.isolated_margin > holding.maintenance

    def check_margins(self) -> None:
        """Compare with the documented formulas, written down again from what REST tells, in exact fractions."""
        for name, trader in self.traders.items():
            account = trader.call("GET", "v2/account")
            orders = trader.call("GET", "v1/openOrders")
            initial = cross_held = profit = cross_profit = maintenance = Fraction(0)
            for row in account["positions"]:
                mark = Fraction(self.bench.exchange.state.mark_of(row["symbol"]), ONE)
                notional = Fraction(row["positionAmt"]) * mark
                sums = {
                    side: sum(
                        Fraction(o["price"]) * (Fraction(o["origQty"]) - Fraction(o["executedQty"]))
                        for o in orders
                        if (o["symbol"], o["positionSide"], o["side"]) == (row["symbol"], row["positionSide"], side)
                        and not o["reduceOnly"]
                    )
                    for side in ("BUY", "SELL")
                }
                needed = max(abs(notional + sums["BUY"]), abs(notional - sums["SELL"])) / int(row["leverage"])
                initial += needed
                profit += Fraction(row["unrealizedProfit"])
                maintenance += naive_maintenance(self.bench, row["symbol"], abs(notional))
                if row["isolated"]:
                    cross_held += needed - abs(notional) / int(row["leverage"])
                else:
                    cross_held += needed
                    cross_profit += Fraction(row["unrealizedProfit"])
            isolated = sum(Fraction(row["isolatedWallet"]) for row in account["positions"])
            wallet = Fraction(account["totalWalletBalance"])
            close(account["totalInitialMargin"], initial)
            close(account["totalUnrealizedProfit"], profit)
            close(account["totalMaintMargin"], maintenance)
            close(account["availableBalance"], max(Fraction(0), wallet - isolated + cross_profit - cross_held))
            assert name in "abc"


def naive_maintenance(bench: Bench, symbol: str, notional: Fraction) -> Fraction:
    """The maintenance margin bracket by bracket, as a progressive tax: no "cum" is needed."""
    brackets = bench.exchange.state.contracts[symbol].brackets
    total = Fraction(0)
    for bracket in brackets:
        floor, cap = Fraction(bracket.floor, MONEY_UNIT), Fraction(bracket.cap, MONEY_UNIT)
        total += max(Fraction(0), min(notional, cap) - floor) * Fraction(bracket.maintenance_ppm, 10**6)
    return total


def close(told: str, expected: Fraction) -> None:
    assert abs(Fraction(told) - expected) < Fraction(1, 10**6), (told, float(expected))


@settings(max_examples=18, deadline=None)
@given(actions)
def test_whatever_happens_money_is_conserved_margin_is_documented_and_maintenance_is_kept(
    moves: list[tuple[str, str, str, int, int]],
) -> None:
    hold_to_the_rules(moves)


@pytest.mark.slow
@settings(max_examples=500, deadline=None)
@given(actions)
def test_the_same_over_many_more_sessions(moves: list[tuple[str, str, str, int, int]]) -> None:
    hold_to_the_rules(moves)


def hold_to_the_rules(moves: list[tuple[str, str, str, int, int]]) -> None:
    play = Play()
    play.run(moves)
    state = play.bench.exchange.state
    for name in "abc":
        held: dict[tuple[str, PositionSide], int] = {}
        for trade in state.trades.get(name, []):
            key = trade.symbol, trade.position_side
            before = held.get(key, 0)
            after = held[key] = before + (trade.quantity if trade.side == "BUY" else -trade.quantity)
            order = state.orders[name][trade.order_id]
            if order.reduce_only or (order.position_side != "BOTH" and order.only_closes):
                assert abs(after) < abs(before)
                assert after * before >= 0
        for key, amount in held.items():
            assert state.accounts[name].positions[key].amount == amount
        ids = [trade.trade_id for trade in state.trades.get(name, [])]
        assert all(first < second for first, second in pairwise(ids))
