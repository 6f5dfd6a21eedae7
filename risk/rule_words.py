"""Rules and lists by name, as `risk.limit_words` has limits, so that they change by the same commands.

| scope | name | value |
|---|---|---|
| `rules` | a rule's name | the rule as JSON |
| `lists` | `restricted:SYMBOL.VENUE` | `true` |
| `lists` | `locate:SYMBOL.VENUE` | a quantity |
| `lists` | `group:NAME` | the instruments as JSON |

A value of None: no such rule, not restricted, no bound to what may be sold short. Groups can only change.
"""

from decimal import Decimal

import msgspec

from core.decimals import plain
from risk.breaker_settings import Row
from risk.control_settings import ControlSettings
from risk.errors import LimitsError
from risk.limits import Number, RiskLimits
from risk.rule_settings import DAY_MINUTES, Range, Rule, RuleSettings, Span, Then, check_number, rule_text
from risk.rules.figures import MAY_BE_UNKNOWN

RULES, LISTS = "rules", "lists"
SCOPES = (RULES, LISTS)
Value = Rule | Row | tuple[str, ...] | Number | bool | None
_RESTRICTED, _LOCATE, _GROUP = "restricted:", "locate:", "group:"
_INFINITE = Decimal("Infinity")
_rule = msgspec.json.Decoder(Rule).decode
_names = msgspec.json.Decoder(tuple[str, ...]).decode


def names_in(limits: RiskLimits, scope: str) -> tuple[str, ...]:
    """Return the names of the rules, or of what is on the lists."""
    if scope == RULES:
        return () if limits.rules is None else tuple(each.name for each in limits.rules.rule)
    controls = limits.controls
    if controls is None:
        return ()
    return (
        *(f"{_RESTRICTED}{name}" for name in controls.restricted),
        *(f"{_LOCATE}{name}" for name in controls.locates),
        *(f"{_GROUP}{name}" for name in controls.groups),
    )


def value_in(limits: RiskLimits, scope: str, name: str) -> Value:
    """Return a rule, or what a list says; None where there is none."""
    if scope == RULES:
        rules = () if limits.rules is None else limits.rules.rule
        return next((each for each in rules if each.name == name), None)
    controls, (kind, what) = limits.controls, _split(name)
    if controls is None:
        return None
    if kind == _RESTRICTED:
        return True if what in controls.restricted else None
    return controls.locates.get(what) if kind == _LOCATE else controls.groups.get(what)


def with_value_in(limits: RiskLimits, scope: str, name: str, value: Value) -> RiskLimits:
    """Return the limits with a rule or an entry of a list set, or taken off. Raises LimitsError where it cannot be."""
    if scope == RULES:
        assert value is None or isinstance(value, Rule)
        return _replaced(limits, rules=_with_rule(limits.rules or RuleSettings(), name, value))
    controls, (kind, what) = limits.controls, _split(name)
    if controls is None:
        raise LimitsError(name, "[risk.controls] in the settings", "none")
    if kind == _RESTRICTED:
        others = tuple(each for each in controls.restricted if each != what)
        return _replaced(limits, controls=_changed(controls, restricted=(*others, what) if value else others))
    if kind == _LOCATE:
        assert value is None or isinstance(value, int | float | str)
        rest = {each: most for each, most in controls.locates.items() if each != what}
        return _replaced(limits, controls=_changed(controls, locates=rest if value is None else rest | {what: value}))
    if what not in controls.groups or value is None:
        known = ", ".join(controls.groups) or "none there"
        raise LimitsError(name, f"other instruments for a group of risk.controls.groups: {known}", what)
    return _replaced(limits, controls=_changed(controls, groups=controls.groups | {what: value}))


def read_value_in(scope: str, name: str, text: str) -> Value:
    """Return what a person wrote for a rule or an entry of a list; "none" takes it off. Raises LimitsError."""
    if text == "none":
        return None
    try:
        if scope == RULES:
            rule = _rule(text.encode())
            if rule.name != name:
                raise LimitsError("name", f"the rule's own name, {name}", rule.name)
            return rule
        kind, _ = _split(name)
        if kind == _GROUP:
            return _names(text.encode())
    except msgspec.MsgspecError as error:
        raise LimitsError(name, "a rule as JSON" if scope == RULES else "a list of instruments", str(error)) from error
    if kind == _LOCATE:
        check_number(name, text, signed=False)
        return text
    if text not in {"true", "false"}:
        raise LimitsError(name, "true or none", text)
    return True if text == "true" else None


def text_of(value: Rule | tuple[str, ...]) -> str:
    """Return a rule or the instruments of a group as JSON."""
    return rule_text(value) if isinstance(value, Rule) else msgspec.json.encode(value).decode()


def words_of(rule: Rule) -> str:
    """Return what a rule does in words: `shrink to notional 500 when spread_bps above 5`."""
    conditions = [f"{name} {_condition(getattr(rule.when, name))}" for name in _fields(rule)]
    target = "" if rule.to is None else f" to {rule.to.kind} {plain(getattr(rule.to, rule.to.kind))}"
    closing = ", closing orders as well" if rule.closing else ""
    return f"{rule.then.value}{target} when {', '.join(conditions) or 'there is an order'}{closing}"


def _condition(value: object) -> str:
    """Return one condition in words."""
    if isinstance(value, Range):
        bounds = [(name, getattr(value, name)) for name in value.__struct_fields__]
        return " ".join(f"{name.replace('_', ' ')} {plain(bound)}" for name, bound in bounds if bound is not None)
    if isinstance(value, Span):
        return f"{value.from_} to {value.until}"
    return (
        " or ".join(value) if isinstance(value, tuple) else str(value).lower() if value in (True, False) else str(value)
    )


def is_stricter_in(limits: RiskLimits, name: str, value: Value, before: Value) -> bool:
    """Whether a rule or a group that becomes `value` lets no more pass than `before` did, as far as can be shown."""
    if value is None or before is None:
        return before is None
    if isinstance(value, Rule) and isinstance(before, Rule):
        return _rule_is_stricter(value, before)
    assert isinstance(value, tuple)
    assert isinstance(before, tuple)
    own = None if limits.controls is None else limits.controls.limits.get(name)
    nets = own is not None and own.max_net_notional is not None  # then one more instrument may offset the others
    return set(before) <= set(value) and (not nets or set(before) == set(value))


def _rule_is_stricter(after: Rule, before: Rule) -> bool:
    """Whether a rule speaks of every order that it spoke of, and leaves no more of it."""
    if after.closing < before.closing or any(not _holds_wherever(after, before, name) for name in _fields(after)):
        return False
    if after.then is Then.REJECT:
        return True
    if before.then is Then.REJECT or after.to is None or before.to is None or after.to.kind != before.to.kind:
        return False
    if any(name in MAY_BE_UNKNOWN for name in _fields(before) if name not in _fields(after)):
        return False  # it refused where that was not known
    kind = after.to.kind
    return Decimal(plain(getattr(after.to, kind))) <= Decimal(plain(getattr(before.to, kind)))


def _fields(rule: Rule) -> list[str]:
    """Return the conditions that a rule has."""
    return [name for name in rule.when.__struct_fields__ if getattr(rule.when, name) is not None]


def _holds_wherever(after: Rule, before: Rule, name: str) -> bool:
    """Whether a condition holds wherever that of the same name did."""
    wide, narrow = getattr(after.when, name), getattr(before.when, name)
    if narrow is None:
        return False
    if isinstance(wide, Range):
        return _low(wide) <= _low(narrow) and _high(narrow) <= _high(wide)
    if isinstance(wide, Span):
        return _minutes(narrow) <= _minutes(wide)
    if isinstance(wide, str | tuple):
        return set(before.when.names(name)) <= set(after.when.names(name))
    return bool(wide == narrow)


def _low(given: Range) -> tuple[Decimal, bool]:
    """Return the lower end of a range, and whether it is left out itself."""
    if given.above is not None:
        return Decimal(plain(given.above)), True
    return (-_INFINITE if given.at_least is None else Decimal(plain(given.at_least))), False


def _high(given: Range) -> tuple[Decimal, bool]:
    """Return the upper end of a range, and whether it belongs to it."""
    if given.below is not None:
        return Decimal(plain(given.below)), False
    return (_INFINITE if given.at_most is None else Decimal(plain(given.at_most))), True


def _minutes(span: Span) -> set[int]:
    """Return the minutes of the day that a span has."""
    first, length = span.minutes
    return {(first + minute) % DAY_MINUTES for minute in range(length)}


def _split(name: str) -> tuple[str, str]:
    """Return (kind, what) of an entry of a list. Raises LimitsError."""
    for kind in (_RESTRICTED, _LOCATE, _GROUP):
        if name.startswith(kind) and len(name) > len(kind):
            return kind, name.removeprefix(kind)
    raise LimitsError(name, "restricted:SYMBOL.VENUE, locate:SYMBOL.VENUE or group:NAME", name)


def _with_rule(rules: RuleSettings, name: str, rule: Rule | None) -> RuleSettings | None:
    """Return the rules with one set in its place, or at the end, or taken off; None where nothing is left to say."""
    kept = [rule if each.name == name else each for each in rules.rule]
    if rule is not None and rule not in kept:
        kept.append(rule)
    fields = {each: getattr(rules, each) for each in rules.__struct_fields__}
    changed = RuleSettings(**(fields | {"rule": tuple(each for each in kept if each is not None)}))
    return None if changed == RuleSettings() else changed


def _changed(controls: ControlSettings, **fields: object) -> ControlSettings:
    """Return controls with some fields changed, their own checks made again."""
    known = {each: getattr(controls, each) for each in controls.__struct_fields__}
    return ControlSettings(**(known | fields))


def _replaced(limits: RiskLimits, **fields: object) -> RiskLimits:
    """Return limits with some fields changed, their own checks made again."""
    known = {each: getattr(limits, each) for each in limits.__struct_fields__}
    return RiskLimits(**(known | fields))
