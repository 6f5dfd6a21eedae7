"""The limits that hold, beside what counts against each now, what the settings say and what waits."""

from decimal import Decimal, InvalidOperation

import msgspec

from core.money import money_text
from engine.engine import Engine
from risk.breaker_settings import AfterArm
from risk.breaker_words import is_row, row_words
from risk.controls.scope import Scope
from risk.limit_words import names_of, scopes_of, value_of, value_text
from risk.rule_settings import Rule, functions_name
from risk.rule_words import RULES, words_of

NEAR = Decimal("0.9")  # a limit that is so full is nearly so
_LEAST = frozenset(("min_cash",))  # limits that are broken from above


class LimitRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One limit. `used` is what counts against it now, where that is one figure; texts as in the settings."""

    scope: str
    name: str
    value: str
    used: str = ""
    settings: str = ""  # what the settings say, where that is something else
    waiting: str = ""  # what it will be, unless somebody withdraws it
    due_ns: int = 0


class LimitsView(msgspec.Struct, frozen=True, kw_only=True):
    """Every limit that is set, by scope; amounts of the base currency where a limit has no instrument."""

    version: int
    base_currency: str
    rows: list[LimitRow]


def limits_view(engine: Engine) -> LimitsView:
    """Return how the limits stand."""
    gate = engine.gate
    limits, changes, rows = gate.limits, gate.changes, []
    scopes = dict.fromkeys((*scopes_of(limits), *(scope for scope, _ in (*changes.changed, *changes.waiting))))
    for scope in sorted(scopes):
        used = _used(engine, scope)
        rows += [row for name in _names(engine, scope) if (row := _row(engine, scope, name, used.get(name, "")))]
    rows += _functions(engine)
    base = "" if limits.controls is None else limits.controls.base_currency
    return LimitsView(version=gate.limits_version, base_currency=base, rows=rows)


def _names(engine: Engine, scope: str) -> list[str]:
    """Return the limits of a scope, and the rows of breakers that came or went there, or wait to."""
    changes = engine.gate.changes
    rows = [name for where, name in (*changes.changed, *changes.waiting) if where == scope and is_row(name)]
    return list(dict.fromkeys((*rows, *names_of(engine.gate.limits, scope))))


def _row(engine: Engine, scope: str, name: str, used: str) -> LimitRow | None:
    """Return one limit, None where there is nothing to say of it."""
    limits, changes = engine.gate.limits, engine.gate.changes
    value = value_of(limits, scope, name)
    changed, waiting = changes.changed.get((scope, name)), changes.waiting.get((scope, name))
    if (value is None or value is False or value is AfterArm.ANEW) and waiting is None and changed is None:
        return None
    return LimitRow(
        scope=scope,
        name=name,
        value=_words(name, value_text(value)),
        used=used,
        settings="" if changed is None else _words(name, changed.settings),
        waiting="" if waiting is None else _words(name, waiting.value),
        due_ns=0 if waiting is None else waiting.due_ns,
    )


def _words(name: str, text: str) -> str:
    """Return a rule, or a breaker's row, in words; any other value as it is."""
    if not text.startswith("{"):
        return text
    return row_words(text) if is_row(name) else words_of(msgspec.json.decode(text, type=Rule))


def _functions(engine: Engine) -> list[LimitRow]:
    """Return users' functions with the hashes of their sources, and how often each has spoken."""
    rules, used = engine.gate.limits.rules, _used(engine, RULES)
    rows = []
    for source in () if rules is None else rules.sources:
        name = functions_name(source.use)
        value = f"function {source.use}, source {source.sha256[:12]}"
        rows.append(LimitRow(scope=RULES, name=name, value=value, used=used.get(name, "")))
    return rows


def _used(engine: Engine, scope: str) -> dict[str, str]:
    """Return what counts against the limits of a scope now, by their names; of rules, how often each has spoken."""
    if scope == RULES:
        tallies = engine.gate.rulebook.tallies
        return {name: f"{each.refused} refused, {each.shrunk} shrunk" for name, each in tallies.items()}
    controls, used = engine.gate.controls, dict[str, str]()
    if controls is not None:
        found = controls.scope(scope)
        if found is not None:
            used |= _counted(found, engine.now_ns)
        if scope == "all":
            used["min_cash"] = money_text(controls.cash, 2)
    if scope == "all":
        used["max_open_orders_total"] = str(engine.manager.open_count)
    return used


def _counted(scope: Scope, now_ns: int) -> dict[str, str]:
    """Return the sums of one scope as text."""
    used = {
        "max_gross_notional": money_text(scope.gross, 2),
        "max_net_notional": money_text(max(scope.long, -scope.short, 0), 2),
        "max_open_notional": money_text(max(scope.buys, scope.sells), 2),
        "max_open_orders": str(scope.open_orders),
        "max_orders_per_day": str(scope.day_orders),
        "max_fills_per_day": str(scope.day_fills),
        "max_turnover_per_day": money_text(scope.day_turnover, 2),
        "max_fees_per_day": money_text(scope.day_fees, 2),
    }
    return used | {window.name: str(window.count(now_ns)) for window in scope.windows}


def share_of(row: LimitRow) -> Decimal | None:
    """Return how much of a limit is used, None where that is no number."""
    try:
        used, most = Decimal(row.used), Decimal(row.value)
    except InvalidOperation:
        return None
    if row.name in _LEAST:
        return Decimal(1) if used <= most else Decimal(0)
    if not most:
        return Decimal(1)
    return used / most
