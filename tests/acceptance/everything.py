"""A daemon with every control switched on, and strategies that try everything: its files and its settings."""

import json
from pathlib import Path

from journal.audit.keys import make_keys
from tests.acceptance.processes import Venue
from tests.acceptance.settings import live_tables, venue_table, write_settings

LARGEST = {"ETHUSDT": "0.9", "BTCUSDT": "0.05"}
OPEN_ALL, OPEN_SYMBOL = 14, 9
MEMBER = {
    "name": "demo",
    "key": "k" * 64,
    "secret": "s" * 64,
    "balances": {"USDT": "100000", "BTC": "2", "ETH": "20"},  # nothing that no market here prices
    "futures_balances": {"USDT": "100000"},
}
_LOSER = '''
from strategies import Strategy, StrategyParams


class Loser(Strategy):
    """Buys at the ask and sells at the bid, again and again."""

    class Params(StrategyParams, frozen=True):
        quantity: str = "0.04"

    def on_start(self):
        self.turns = 0
        self.subscribe_quotes(self.markets[0])
        self.set_timer("turn", 100_000_000)

    def on_timer(self, timer):
        self.set_timer("turn", 100_000_000)
        market = self.markets[0]
        if self.open_orders():
            return
        size = market.instrument.quantity(self.params.quantity)
        self.turns += 1
        if self.turns % 3 and self.position(market) < 10 * size:
            self.buy(market, size)
        elif self.position(market) > 0:
            self.sell(market, size)
'''
_WILD = '''
from core.orders import Side, TimeInForce
from strategies import Strategy, StrategyParams


class Wild(Strategy):
    """Asks for anything at all, far more than it may."""

    class Params(StrategyParams, frozen=True):
        every_ms: int = 60

    def on_start(self):
        for market in self.markets:
            self.subscribe_quotes(market)
        self.set_timer("turn", 1_000_000)

    def on_timer(self, timer):
        self.set_timer("turn", self.params.every_ms * 1_000_000)
        market = self.markets[self.rng.below(len(self.markets))]
        quote = market.quote()
        if quote is not None:
            self.turn(market, quote)

    def turn(self, market, quote):
        orders, dice, tick = self.open_orders(market), self.rng.below(100), market.instrument.tick
        side = Side.BUY if self.rng.below(2) else Side.SELL
        most = market.instrument.quantity("0.01" if market.instrument.base == "BTC" else "0.2")
        lot = market.instrument.lot
        quantity = (1 + self.rng.below(most // lot)) * lot
        touch = quote.bid_price if side is Side.BUY else quote.ask_price
        price = touch - side * (self.rng.below(60) - 15) * tick
        ask = self.buy if side is Side.BUY else self.sell
        if orders and dice < 20:
            self.cancel(orders[self.rng.below(len(orders))].client_order_id)
        elif orders and dice < 32:
            self.replace(orders[self.rng.below(len(orders))].client_order_id, price=price, quantity=quantity)
        elif dice < 72:
            ask(market, quantity, price, post_only=bool(self.rng.below(2)))
        elif dice < 80:
            ask(market, quantity)
        elif dice < 85:
            ask(market, quantity, price, time_in_force=TimeInForce.IOC)
        elif dice < 88:
            ask(market, quantity, reduce_only=True)
        elif dice < 91:
            self.stop(market, side, quantity, touch + side * 40 * tick)
        elif dice < 93:
            self.trail(market, side, quantity, distance=15 * tick)
        elif dice < 96:
            self.bracket(market, side, quantity, price, profit=touch + side * 50 * tick, stop=touch - side * 90 * tick)
        elif dice < 98:
            self.buy(market, quantity * 200, price)
        else:
            self.cancel_all()
'''
_DESK = '''
from risk.rules import BookView, MarketView, OrderView, Pass, Reject, Shrink


def calm(order: OrderView, market: MarketView, book: BookView) -> Pass | Reject | Shrink:
    """Lets nothing open while the spread is wide, and no more than 0.15."""
    if market.spread * 50 > market.middle_twice:
        return Reject("SPREAD", message="too wide")
    most = order.quantity_of("0.15")
    return Shrink(most, "at most 0.15") if order.quantity > most else Pass()
'''
RULES = """
[[rule]]
name = "small"
when = { strategy = "loser", quantity = { above = "0.03" } }
then = "shrink"
to = { quantity = "0.03" }

[[rule]]
name = "whales"
when = { notional = { above = 6000 } }
then = "reject"
"""
_GUEST = """
[[strategies]]
id = "guest"
use = "loser.py:Loser"
instruments = ["ETHUSDT.BINANCE"]
params = { quantity = "0.02" }
"""
_STRATEGIES = """
[[strategies]]
id = "loser"
use = "loser.py:Loser"
instruments = ["ETHUSDT.BINANCE"]
exits = { stop_loss = "0.05%", take_profit = "0.05%", trailing = "0.1%", max_holding_s = 3.0, cool_down_s = 1.0 }

[[strategies]]
id = "quoter"
use = "two-sided-quoter"
instruments = ["ETHUSDT.BINANCE"]
params = { quantity = "0.05", half_spread_bps = 1.0, requote_bps = 1.0, max_inventory = "0.25" }

[[strategies]]
id = "wild"
use = "wild.py:Wild"
instruments = ["ETHUSDT.BINANCE", "BTCUSDT.BINANCE"]
exits = { stop_loss = "0.2%", cool_down_s = 1.0 }

[[strategies]]
id = "breakout"
use = "breakout"
instruments = ["BTCUSDT.BINANCE"]
params = { quantity = "sized", bar_seconds = 1, channel = 3, atr = 3 }

[strategies.sizing]
volatility_target = 0.5
risk_per_trade = 0.001
kelly = 0.5
kelly_least = 5
parity = 1.0
depth_share = 0.5
volume_share = 0.5
largest = 0.01
unproven = 0.002
"""
_TABLES = """
[sizing]
sample_s = 1
window = 20
least = 3
atr_bar_s = 1
atr_period = 3

[sizing.regime]
short = 5

[audit]
key_file = "{folder}/key.pem"
anchors = ["{folder}/anchors/a.jsonl", "{folder}/anchors/b.jsonl"]
every_s = 1

[guard]
enabled = true
patience_ms = 2_000
recheck_s = 0.5

[log]
format = "json"

[portfolio]
enabled = true
every_s = 0.5
bar_s = 60
base_currency = "USDT"
simulations = 1_000

[portfolio.seed_files]
"ETHUSDT.BINANCE" = "{folder}/bars.csv"
"BTCUSDT.BINANCE" = "{folder}/bars.csv"

[risk]
max_position_notional = 20_000
max_open_orders = {open_symbol}
max_open_orders_total = {open_all}
max_orders_per_second = 20
max_orders_per_minute = 900
raise_delay_s = 2

[risk.instruments."ETHUSDT.BINANCE"]
max_position = "{eth}"

[risk.instruments."BTCUSDT.BINANCE"]
max_position = "{btc}"

[risk.rules]
file = "{folder}/rules.toml"
functions = ["{folder}/desk.py:calm"]

[risk.controls]
locates = {{ "ETHUSDT.BINANCE" = 1 }}

[risk.controls.accounts]
one = ["BINANCE"]

[risk.controls.groups]
majors = ["BTCUSDT.BINANCE", "ETHUSDT.BINANCE"]

[risk.controls.limits.all]
max_gross_notional = 9_000
max_leverage = "5"
min_cash = 10
max_stress_loss = 1_000_000
max_unmeasured = 1_000_000

[risk.controls.limits."account:one"]
max_turnover_per_day = 100_000_000

[risk.controls.limits."venue:BINANCE"]
max_net_notional = 8_500
max_fees_per_day = 100_000

[risk.controls.limits."group:majors"]
max_concentration = "0.9"

[risk.controls.limits."currency:ETH"]
max_open_notional = 4_000

[risk.controls.limits."symbol:ETHUSDT.BINANCE"]
max_depth_share = "0.9"
max_price_volatilities = 500

[risk.controls.limits."strategy:quoter"]
max_gross_notional = 3_000
max_open_orders = 6
duplicate_window_ms = 10

[risk.breakers]
collar = "0.02"
{breakers}
"""
_BREAKERS = (
    ("loss", "strategy:*", "warn_at = 1\nhalt_at = 5_000"),
    ("day_loss", "strategy:loser", "warn_at = 1\nflatten_at = 6"),
    ("session_loss", "symbol:*", "warn_at = 3\nreduce_at = 5_000"),
    ("drawdown", "all", "warn_at = 10\nhalt_at = 100_000"),
    ("loss_streak", "strategy:*", "warn_at = 3\nreduce_at = 40"),
    ("reject_rate", "all", 'halt_at = "0.9"'),
    ("cancel_ratio", "strategy:*", "warn_at = 5"),
    ("slippage", "symbol:*", 'reduce_at = "0.5"'),
    ("volatility", "symbol:*", "reduce_at = 500\nshort_s = 2\nlong_s = 10"),
    ("spread", "symbol:ETHUSDT.BINANCE", 'reduce_at = "0.5"'),
    ("feed_quorum", "all", "warn_below = 2\nreduce_below = 1"),
    ("clock_offset_ms", "venue:BINANCE", "warn_at = 100\nreduce_at = 1_000"),
    ("loop_lag_ms", "all", "warn_at = 100\nhalt_at = 100_000"),
    ("repeats", "strategy:*", "warn_at = 20"),
    ("second_count", "all", 'on_difference = "halt"'),
)


def everything(folder: Path, run_folder: Path, venue: Venue, market: str, port: int) -> Path:
    """Write the settings and all that they name; beside them, in `more`, the same with one strategy more."""
    (folder / "anchors").mkdir()
    make_keys(folder / "key.pem")
    for name, text in (("loser.py", _LOSER), ("wild.py", _WILD), ("desk.py", _DESK), ("rules.toml", RULES)):
        (folder / name).write_text(text)
    bars = [f"{1_600_000_000 + 60 * bar},{1000 + bar * 7 % 13}" for bar in range(200)]
    (folder / "bars.csv").write_text("\n".join(("time,close", *bars)) + "\n")
    told = json.loads(venue.lines[0])
    live = live_tables(venue, folder, visibility_lag_s=2.0, balances_s=3.0, snapshot_s=2.0, sweep_s=3.0)
    if market == "usdm":
        live = live.replace(told["ws_api_url"], told["usdm_ws_api_url"])
        live = live.replace("[live]", f'private_ws_url = "{told["private_ws_url"]}"\n[live]', 1)
    breakers = [f'[[risk.breakers.{name}]]\nscope = "{scope}"\n{rest}' for name, scope, rest in _BREAKERS]
    tables = _TABLES.format(
        folder=folder, open_symbol=OPEN_SYMBOL, open_all=OPEN_ALL, eth=LARGEST["ETHUSDT"], btc=LARGEST["BTCUSDT"],
        breakers="\n".join(breakers),
    )  # fmt: skip
    strategies = _STRATEGIES.replace('"loser.py:', f'"{folder}/loser.py:').replace('"wild.py:', f'"{folder}/wild.py:')
    watched = venue_table(venue, "BTCUSDT", "ETHUSDT", connector=f"binance-{market}")
    settings = write_settings(
        folder, watched, live, tables, strategies, mode="live", session='flush = "os"', operator=run_folder
    )
    settings.write_text(settings.read_text().replace("port = 0", f"port = {port}", 1))
    (folder / "more").mkdir()
    guest = _GUEST.replace('"loser.py:', f'"{folder}/loser.py:')
    (folder / "more" / "settings.toml").write_text(settings.read_text() + guest)
    return settings
