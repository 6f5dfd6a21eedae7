"""The rules in force: asked one by one about each order, the strictest decides.

Every rule looks at the order as it was asked for, so no order of rules lets pass what another one would not, and one
more rule never lets more pass: the smallest quantity that any of them leaves is what passes.
"""

from collections.abc import Sequence

from core.instruments import Instrument
from core.market import Market, touch_of
from core.orders import OrderIntent
from oms.manager import OrderManager
from oms.moves import Exposure
from risk.controls.control import Controls
from risk.errors import LimitsError
from risk.known import Known
from risk.rule_settings import RuleSettings, functions_name
from risk.rules.compiled import Compiled, Program, Verdict, compiled
from risk.rules.figures import NOT_ASKED, Look
from risk.rules.functions import UserRule, ask, views_of


class Tally:
    """How often a rule has refused and shrunk since the session began."""

    __slots__ = ("refused", "shrunk")

    def __init__(self) -> None:
        """Begin at nothing."""
        self.refused = self.shrunk = 0


class Rulebook:
    """Rules compiled for each instrument, and the functions."""

    __slots__ = ("_by_index", "_functions", "_look", "_programs", "_rules", "_see_closing", "empty", "tallies")

    def __init__(self, functions: Sequence[UserRule] = ()) -> None:
        """Have no rules but these functions, which stay as they are."""
        self._functions = tuple(functions)
        self._rules = RuleSettings()
        self._see_closing = False
        self.empty = not functions
        """Whether there is nothing to ask."""
        self._by_index: dict[int, tuple[Compiled, ...]] = {}
        self._programs: dict[tuple[str, int, bool], Program] = {}
        self._look = Look()
        self.tallies: dict[str, Tally] = {}

    @property
    def functions(self) -> Sequence[UserRule]:
        """The functions that are asked."""
        return self._functions

    def take(self, rules: RuleSettings) -> None:
        """Have other rules from now on; every instrument has to be defined again.

        Raises LimitsError where functions are named that were not handed in: no rule is ever left out silently.
        """
        named, known = [functions_name(each.use) for each in rules.sources], [each.name for each in self._functions]
        if named != known:
            raise LimitsError("functions", f"these to be loaded: {', '.join(named)}", ", ".join(known), ("rules",))
        self._rules = rules
        self.empty = not self._functions and not rules.rule
        self._see_closing = rules.functions_see_closing
        self._by_index.clear()
        self._programs.clear()

    def define(self, index: int, instrument: Instrument) -> None:
        """Compile the rules for an instrument."""
        self._by_index[index] = compiled(self._rules.rule, instrument)
        self._programs.clear()

    def judge(
        self,
        intent: OrderIntent,
        known: Known,
        market: Market,
        valued_at: int,
        beside: Exposure,
        open_orders_total: int,
        controls: Controls | None,
        closes: bool,
        now_ns: int,
    ) -> Verdict | None:
        """Return the strictest verdict on an order, None where all rules let it pass as it is.

        `beside`: what is open beside it, as `risk.revisions.leave_out` has it where it replaces another. `closes`: it
        is known to do no more than close.
        """
        look, side = self._look, 1 if intent.side > 0 else -1
        look.intent, look.market, look.valued_at, look.side = intent, market, valued_at, side
        look.bid, _, look.ask, _, look.touch_ns = touch_of(market)
        look.instrument, look.position, look.exposure = known.instrument, known.position.quantity, beside
        look.open_orders_total, look.controls, look.now_ns = open_orders_total, controls, now_ns
        open_same = beside.open_buy_quantity if side > 0 else beside.open_sell_quantity
        look.closes = (
            closes
            or intent.reduce_only
            or known.hedge == -side
            or side * look.position + open_same + intent.quantity <= 0
        )
        look.notional = NOT_ASKED
        key = (intent.strategy_id, intent.instrument, look.closes)
        program = self._programs.get(key)
        if program is None:
            program = self._programs[key] = Program(self._concerned(*key))
        strictest = program.strictest(look)
        if strictest is not None and not strictest.quantity:
            return strictest
        if self._functions and (self._see_closing or not look.closes):
            assert known.manager is not None
            return self._ask(known.manager, strictest)
        return strictest

    def _concerned(self, strategy_id: str, index: int, closes: bool) -> tuple[Compiled, ...]:
        """Return the rules that may speak of a strategy's orders in an instrument that only close, or of the others."""
        return tuple(
            each
            for each in self._by_index[index]
            if (each.rule.closing or not closes) and (not each.strategies or strategy_id in each.strategies)
        )

    def _ask(self, manager: OrderManager, strictest: Verdict | None) -> Verdict | None:
        """Return the strictest of what the functions say and what was said before."""
        views = views_of(self._look, manager)
        for function in self._functions:
            verdict = ask(function, views)
            if verdict is not None and (strictest is None or verdict.quantity < strictest.quantity):
                strictest = verdict
        return strictest

    def count(self, verdict: Verdict, *, refused: bool) -> None:
        """Count what became of an order that a rule spoke of."""
        tally = self.tallies.setdefault(verdict.rule, Tally())
        if refused:
            tally.refused += 1
        else:
            tally.shrunk += 1
