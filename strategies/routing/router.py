"""The router: one parent order, at each moment wherever it is cheapest all in.

Each time it looks, what is left of the parent is divided over the venues by `split`, and goes out as one IOC limit
order for each, all at once. What was rejected, refused, or came back without a fill is divided again, at once, over the
venues that are left; the venue that rejected rests for `pause_ms`. What nobody knows the fate of stays reserved until
there is evidence, and its venue gets nothing else meanwhile.
"""

from typing import Literal

from msgspec import field
from msgspec.structs import replace

from core.decimals import to_units
from core.effects import OrderBusted, OrderFilled, OrderUpdated, RouteDecided
from core.market import Market, Quote, Trade
from core.orders import Refusal, Side, TimeInForce
from oms.order import Order
from strategies.algos.parent import MILLISECOND_NS, TIME_OVER, ParentParams, ParentStrategy
from strategies.base import Saved
from strategies.routing.split import in_proportion, split
from strategies.routing.venues import SECOND_NS, Levels, Path, RoutingError, Units, check_fees, fee_of, reached

END, WAITED, RESTED = "end", "waited", "rested"
MARKET = "market"
DUST = "what is left is less than any venue takes"


class SmartRouter(ParentStrategy):
    """Divides a parent order over the books of all instruments configured for it, which must be one asset."""

    algorithm = "router"

    class Params(ParentParams, frozen=True):
        """Fees in 10^-6 by venue, as instruments' ids end; `fee_ppm` for those not named."""

        style: Literal["sweep", "rest"] = "sweep"  # "rest": wait at our own side of the touches first, then sweep
        rest_ms: int = 5_000
        wait_ms: int = 1_000  # for every venue's first price, after the first venue's
        duration_s: int = 0  # when what is left is given up, 0 for never
        depth: int = 20  # levels of a book that are looked at
        max_age_ms: int = 10_000  # what a venue showed longer ago is stale, 0 for never
        fee_ppm: int = 1_000
        taker_fees_ppm: dict[str, int] = field(default_factory=dict)
        latency_ms: int = 50  # a first guess, until the venue has answered
        drift_ppm_s: int = 20  # how much prices are expected to move away in a second
        miss_ppm: int = 200  # what it is expected to cost where all of an order is missed
        memory_s: int = 300  # after which fills, misses and rejects count half

        def __post_init__(self) -> None:
            """Refuse what makes no sense. Raises ValueError."""
            if min(self.rest_ms, self.wait_ms, self.depth, self.memory_s, self.pause_ms) < 1:
                raise ValueError("rest_ms, wait_ms, depth, memory_s and pause_ms must be 1 or more")
            if min(self.duration_s, self.max_age_ms, self.latency_ms, self.drift_ppm_s, self.miss_ppm) < 0:
                raise ValueError("duration_s, max_age_ms, latency_ms, drift_ppm_s and miss_ppm must be 0 or more")

    params: Params

    def begin(self) -> None:
        """Know the venues. Raises RoutingError where they do not trade the same thing."""
        params, now_ns = self.params, self.now_ns
        self.units = units = Units([market.instrument for market in self.markets])
        self.paths = [
            Path(
                market,
                units,
                latency_ns=params.latency_ms * MILLISECOND_NS,
                memory_ns=params.memory_s * SECOND_NS,
                now_ns=now_ns,
            )
            for market in self.markets
        ]
        check_fees(params.taker_fees_ppm, self.paths)
        self._fees = [fee_of(params.taker_fees_ppm, market.instrument, params.fee_ppm) for market in self.markets]
        self._told = min(self.paths, key=lambda path: path.size_scale)  # whose units the parent is told in
        self.target_market: Market = self._told.market
        self.side = Side.BUY if params.side == "buy" else Side.SELL
        self.lot = min(path.lot for path in self.paths)
        self.quantity = to_units(params.quantity, units.size_precision) // self.lot * self.lot
        self.limit = to_units(params.limit, units.price_precision) if params.limit else 0
        self.open_parent()
        self.decisions = 0
        self._path_of: dict[str, Path] = {}
        self._why = MARKET
        self._waits = self._is_idle = False
        self._rests = params.style == "rest"
        if not self.quantity:
            raise RoutingError(f"quantity {params.quantity} is less than one lot of any of the venues")
        for market in self.markets:
            self.subscribe_quotes(market)
            self.subscribe_book(market)
            self.subscribe_trades(market)
        self.go_on()
        self._look()

    def counted(self, order: Order) -> tuple[int, int, int]:
        """Return (left, filled, worth) of a child in common units."""
        path = self._path_at(order.instrument)
        scale, finer = path.size_scale, path.price_scale
        return order.leaves * scale, order.filled * scale, order.notional * scale * finer

    def place_now(self) -> list[int]:
        """Return where it is, and what it has learned of each venue."""
        return [self.decisions, int(self._rests), *(each for path in self.paths for each in path.learned())]

    def resumed(self, place: list[int]) -> None:
        """Go on: wait for the venues' prices as at the beginning; what is out keeps its venue busy."""
        self.decisions, rests, *learned = place
        each = len(learned) // len(self.paths)
        for number, path in enumerate(self.paths):
            path.relearn(learned[number * each : (number + 1) * each])
        self._rests = bool(rests)
        params = self.params
        if params.duration_s:
            left_ns = self.arrived_ns + params.duration_s * SECOND_NS - self.now_ns
            if left_ns <= 0:
                self.end("expired", TIME_OVER)
                return
            self.set_timer(END, left_ns)
        if self._rests:
            left_ns = self.arrived_ns + params.rest_ms * MILLISECOND_NS - self.now_ns
            if left_ns > 0:
                self.set_timer(RESTED, left_ns)
            else:
                self._end_rest()
        self._waits = True
        self.set_timer(WAITED, params.wait_ms * MILLISECOND_NS)

    def known_again(self) -> None:
        """Know which venue each child went to."""
        for name in self._known:
            order = self.context.manager.order(name)
            if order is None:
                continue
            path = self._path_of[name] = self._path_at(order.instrument)
            if name in self.children:
                path.adopt(order)

    def _end_rest(self) -> None:
        """Take back what rests, to sweep it."""
        self._rests = False
        for child in self.children:
            self.cancel(child)

    # -- what it is told -------------------------------------------------------------------------------------------

    def arrived(self) -> None:
        """Begin: wait for the venues that have shown nothing yet."""
        if self.params.duration_s:
            self.set_timer(END, self.params.duration_s * SECOND_NS)
        if self._rests:
            self.set_timer(RESTED, self.params.rest_ms * MILLISECOND_NS)
        self._waits = True
        self.set_timer(WAITED, self.params.wait_ms * MILLISECOND_NS)

    def due(self, name: str) -> None:
        """End; wait no longer; take what rested back; try a venue again."""
        if name == END:
            self.end("expired", TIME_OVER)
            return
        if name == WAITED:
            self._waits = False
        elif name == RESTED:
            self._end_rest()
        self._route(name)

    def on_quote(self, _quote: Quote) -> None:
        """Look again."""
        self._look()

    def on_book(self, _market: Market) -> None:
        """Look again."""
        self._look()

    def on_trade(self, trade: Trade) -> None:
        """Count the venues' volume together."""
        if self.measure is not None and not self.has_ended:
            path = self._path_at(trade.instrument)
            self.measure.trade(trade.quantity * path.size_scale, trade.price * path.price_scale)

    def on_fill(self, fill: OrderFilled) -> None:
        """Count what is done, in common units."""
        path = self._path_of.get(fill.client_order_id)
        if path is not None:
            quantity, price = fill.quantity * path.size_scale, fill.price * path.price_scale
            super().on_fill(replace(fill, quantity=quantity, price=price))

    def on_bust(self, bust: OrderBusted) -> None:
        """Count what is done no longer, in common units."""
        path = self._path_of.get(bust.client_order_id)
        if path is not None:
            quantity, price = bust.quantity * path.size_scale, bust.price * path.price_scale
            super().on_bust(replace(bust, quantity=quantity, price=price))

    def on_order(self, update: OrderUpdated) -> None:
        """Learn of the venue, and route what came back."""
        path = self._path_of.get(update.client_order_id)
        if path is None:
            return
        if path.child == update.client_order_id:
            path.follow(update, self.side, self.now_ns)
            if not path.child and update.state.value in {"rejected", "never-arrived"}:
                path.paused_until_ns = self._pause_of(path)
        self._why = update.state.value
        scale = path.size_scale
        super().on_order(replace(update, quantity=update.quantity * scale, filled=update.filled * scale))
        self._why = MARKET

    def on_refusal(self, refusal: Refusal) -> None:
        """Route elsewhere what the gate refused."""
        name = refusal.intent.client_order_id
        path = self._path_of.get(name)
        if path is None or path.child != name:
            return
        path.refused(self._pause_of(path))
        super().on_refusal(refusal)
        if not self.ending:
            self._route("refused")

    def save(self) -> Saved:
        """Return what decides what comes next."""
        known = [value for path in self.paths for value in path.saved()]
        at = {path.child: number for number, path in enumerate(self.paths)}
        more: Saved = {
            "paths": known,
            "busy": ",".join(f"{name}={number}" for name, number in at.items() if name),
            "decisions": self.decisions,
            "waits": self._waits,
            "rests": self._rests,
            "idle": self._is_idle,
        }
        return super().save() | more

    # -- what it does ----------------------------------------------------------------------------------------------

    def move(self) -> None:
        """Route what is left."""
        self._route(self._why)

    def _look(self) -> None:
        """See the best of all venues."""
        if self.has_ended:
            return
        bids = [price for price, _ in (path.touch(Side.BUY) for path in self.paths) if price]
        asks = [price for price, _ in (path.touch(Side.SELL) for path in self.paths) if price]
        if bids and asks:
            self._see(max(bids), min(asks))

    def _route(self, why: str) -> None:
        """Divide what is left over the venues, send it, and tell what was seen."""
        room = self.room
        if self.ending:
            return
        if room < self.lot:
            if not self.children and self.filled < self.quantity:  # an odd lot was executed
                self.end("expired", DUST)
            return
        if self._waits:
            self._waits = not all(path.market.quote_ns or path.market.book_ns for path in self.paths)
            if self._waits:
                return
        now_ns, params, side = self.now_ns, self.params, self.side
        states = [path.state(now_ns, params.max_age_ms * MILLISECOND_NS) for path in self.paths]
        scores = [self._score_of(path, fee) for path, fee in zip(self.paths, self._fees, strict=True)]
        seen: list[Levels] = [
            [] if state else path.levels(side, self.limit, params.depth)
            for path, state in zip(self.paths, states, strict=True)
        ]
        prices: list[int]
        if self._rests:
            prices = [path.in_ticks(self.within(path.touch(side)[0]), side) for path in self.paths]
            quantities = self._resting(room, states, prices)
        else:
            offers = [
                path.offer(side, levels, score, room)
                for path, levels, score in zip(self.paths, seen, scores, strict=True)
            ]
            quantities = split(room, offers).quantities
            prices = [reached(levels, quantity) for levels, quantity in zip(seen, quantities, strict=True)]
        if not any(quantities):
            if self._is_dust_everywhere(room):
                self.end("expired", DUST)
                return
            if self._is_idle:
                return  # as it was told already
        self._is_idle = not any(quantities)
        self.decisions += 1
        for number, path in enumerate(self.paths):
            self._send(path, quantities[number], prices[number])
            self._tell_route(path, why, states[number], seen[number], scores[number], self._fees[number])

    def _is_dust_everywhere(self, room: int) -> bool:
        """Whether no venue would take so little, and nothing is out that could come back."""
        prices = [path.touch(self.side.opposite)[0] for path in self.paths]
        return not self.children and all(
            price > 0 and room < path.least(price) for path, price in zip(self.paths, prices, strict=True)
        )

    def _resting(self, room: int, states: list[str], prices: list[int]) -> tuple[int, ...]:
        """Divide what is to rest: by what is shown on our side, and by how much was got there."""
        weights = [
            0 if state or not price else path.touch(self.side)[1] * path.fill_ppm
            for path, state, price in zip(self.paths, states, prices, strict=True)
        ]
        offers = [
            path.offer(self.side, [(price, room)], 0, room) for path, price in zip(self.paths, prices, strict=True)
        ]
        return in_proportion(room, weights, offers)

    def _send(self, path: Path, quantity: int, price: int) -> None:
        """Send a child, or none of nothing."""
        if not quantity:
            return
        ask = self.buy if self.side is Side.BUY else self.sell
        life = TimeInForce.GTC if self._rests else TimeInForce.IOC
        name = ask(path.market, quantity // path.size_scale, price // path.price_scale, time_in_force=life)
        self.sent(name, quantity)
        self._path_of[name] = path
        path.sent(name, quantity, price, self.now_ns, resting=self._rests)

    def _score_of(self, path: Path, fee_ppm: int) -> int:
        path.forget(self.now_ns)
        return path.score_ppm(fee_ppm, self.params.drift_ppm_s, self.params.miss_ppm)

    def _path_at(self, index: int) -> Path:
        return next(path for path in self.paths if path.market.index == index)

    def _pause_of(self, path: Path) -> int:
        """Set when a venue is tried again, and return it."""
        after_ns = self.params.pause_ms * MILLISECOND_NS
        self.set_timer(path.market.instrument.id, after_ns)
        return self.now_ns + after_ns

    def _pause(self) -> None:
        """Go on: a venue that rejected rests, not the parent."""

    def _tell_route(self, path: Path, why: str, state: str, levels: Levels, score_ppm: int, fee_ppm: int) -> None:
        instrument = path.market.instrument
        is_new = not state and bool(path.child)
        price_scale, scale = path.price_scale, path.size_scale
        shown = " ".join(
            f"{instrument.price_text(price // price_scale)}x{instrument.quantity_text(quantity // scale)}"
            for price, quantity in levels
        )
        decided = RouteDecided(
            parent=self.context.worker or self.context.strategy_id,
            strategy_id=self.context.strategy_id,
            decision=self.decisions,
            reason=why,
            instrument=path.market.index,
            side=self.side,
            state=state or ("sent" if is_new else "worse" if levels else "empty"),
            levels=shown,
            age_ns=path.age_ns(self.now_ns),
            fee_ppm=fee_ppm,
            latency_ns=path.latency_ns,
            fill_ppm=path.fill_ppm,
            score_ppm=score_ppm,
            quantity=path.child_quantity // scale if is_new else 0,
            price=path.child_price // price_scale if is_new else 0,
            client_order_id=path.child if is_new else "",
        )
        self.context.outbox.append(decided)

    def _tell(self, state: str, reason: str) -> None:
        """Tell how the parent stands, in the units of the venue that counts quantities finest; worth rounded down."""
        assert self.measure is not None
        measure, scale, finer = self.measure, self._told.size_scale, self._told.price_scale
        progress = measure.progress(
            parent=self.context.worker or self.context.strategy_id,
            strategy_id=self.context.strategy_id,
            algorithm=self.algorithm,
            instrument=self.target_market.index,
            side=self.side,
            state=state,
            quantity=self.quantity // scale,
            children=self.child_count,
            started_ns=self.started_ns,
            reason=reason,
        )
        self.tell_progress(
            replace(
                progress,
                filled=measure.filled // scale,
                arrival_twice=measure.arrival_twice // finer,
                notional=str(measure.notional // (scale * finer)),
                market_volume=str(measure.market_volume // scale),
                market_notional=str(measure.market_notional // (scale * finer)),
            )
        )
