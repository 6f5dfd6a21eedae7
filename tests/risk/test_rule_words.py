"""Rules and lists by name: what a person writes and reads, and which rule counts as stricter than another."""

from typing import Any

import msgspec
import pytest

from risk.control_settings import ControlSettings, ScopeLimits
from risk.errors import LimitsError
from risk.limits import RiskLimits
from risk.rule_settings import Rule, RuleSettings, RuleSource
from risk.rule_words import is_stricter_in, names_in, read_value_in, text_of, value_in, with_value_in, words_of
from tests.risk.room import WIDE

CONTROLS = ControlSettings(
    restricted=("LUNA.X", "DOGE.X"),
    locates={"BTC.X": 10, "ETH.X": 5},
    groups={"majors": ("BTC.X",), "minors": ("LUNA.X",)},
    limits={"group:majors": ScopeLimits(max_net_notional=9), "group:minors": ScopeLimits(max_gross_notional=9)},
)


def rule(name: str = "own", to: dict[str, Any] | None = None, closing: bool = False, **when: Any) -> Rule:
    given = {"name": name, "when": when, "then": "reject" if to is None else "shrink", "closing": closing}
    return msgspec.convert(given | ({} if to is None else {"to": to}), Rule)


def ruled(*rules: Rule) -> RiskLimits:
    return msgspec.structs.replace(WIDE, controls=CONTROLS, rules=RuleSettings(rule=rules) if rules else None)


def rules_of(limits: RiskLimits) -> tuple[Rule, ...]:
    assert limits.rules is not None
    return limits.rules.rule


def controls_of(limits: RiskLimits) -> ControlSettings:
    assert limits.controls is not None
    return limits.controls


# -- what is there -----------------------------------------------------------------------------------------------------


def test_rules_and_entries_of_lists_are_found_by_their_names():
    one, two = rule("one"), rule("two", side="buy")
    limits = ruled(one, two)
    assert names_in(limits, "rules") == ("one", "two")
    assert [value_in(limits, "rules", name) for name in ("one", "two", "three")] == [one, two, None]
    names = names_in(limits, "lists")
    assert [*names] == [
        "restricted:LUNA.X",
        "restricted:DOGE.X",
        "locate:BTC.X",
        "locate:ETH.X",
        "group:majors",
        "group:minors",
    ]
    assert [value_in(limits, "lists", name) for name in names] == [True, True, 10, 5, ("BTC.X",), ("LUNA.X",)]
    assert [value_in(limits, "lists", f"{kind}:Z.X") for kind in ("restricted", "locate", "group")] == [None] * 3


@pytest.mark.parametrize("scope", ["rules", "lists"])
def test_without_rules_and_controls_nothing_has_a_name(scope):
    assert names_in(WIDE, scope) == ()
    assert value_in(WIDE, scope, "locate:BTC.X") is None


@pytest.mark.parametrize("name", ["restricted", "restricted:", "group:", "BTC.X"])
def test_an_entry_is_named_by_its_list_and_what_is_on_it(name):
    with pytest.raises(LimitsError, match=r"expected restricted:SYMBOL\.VENUE, locate:SYMBOL\.VENUE or group:NAME"):
        value_in(ruled(), "lists", name)


# -- what becomes of it ------------------------------------------------------------------------------------------------


def test_a_rule_takes_the_place_of_its_namesake_or_comes_last():
    one, two, changed, three = rule("one"), rule("two"), rule("one", side="buy"), rule("three")
    limits = ruled(one, two)
    assert rules_of(with_value_in(limits, "rules", "one", changed)) == (changed, two)
    assert rules_of(with_value_in(limits, "rules", "three", three)) == (one, two, three)
    assert rules_of(with_value_in(limits, "rules", "one", None)) == (two,)
    assert rules_of(with_value_in(limits, "rules", "three", None)) == (one, two)
    assert rules_of(with_value_in(ruled(), "rules", "one", one)) == (one,)


def test_the_last_rule_leaves_nothing_behind_and_functions_stay():
    assert with_value_in(ruled(rule("one")), "rules", "one", None).rules is None
    source = RuleSource(use="a.py:b", sha256="c", source="")
    functions = RuleSettings(functions=("a.py:b",), rule=(rule("one"),), sources=(source,))
    limits = with_value_in(msgspec.structs.replace(WIDE, rules=functions), "rules", "one", None)
    assert limits.rules == RuleSettings(functions=("a.py:b",), sources=(source,))


def test_an_entry_of_a_list_is_set_and_taken_off_and_the_others_stay():
    limits = ruled()

    def changed(name: str, value: Any) -> ControlSettings:
        return controls_of(with_value_in(limits, "lists", name, value))

    assert changed("restricted:BTC.X", True).restricted == ("LUNA.X", "DOGE.X", "BTC.X")
    assert changed("restricted:LUNA.X", True).restricted == ("DOGE.X", "LUNA.X")
    assert changed("restricted:LUNA.X", None).restricted == ("DOGE.X",)
    assert changed("locate:BTC.X", 0).locates == {"ETH.X": 5, "BTC.X": 0}
    assert changed("locate:BTC.X", None).locates == {"ETH.X": 5}
    assert changed("group:majors", ("ETH.X",)).groups == {"majors": ("ETH.X",), "minors": ("LUNA.X",)}


@pytest.mark.parametrize(
    ("limits", "name", "value", "expected"),
    [
        (ruled(), "group:majors", None, "other instruments for a group of risk.controls.groups: majors, minors"),
        (ruled(), "group:tech", ("A.X",), "other instruments for a group of risk.controls.groups: majors, minors"),
        (WIDE, "restricted:BTC.X", True, r"\[risk.controls\] in the settings"),
    ],
)
def test_a_group_can_only_change_and_lists_need_controls(limits, name, value, expected):
    with pytest.raises(LimitsError, match=expected):
        with_value_in(limits, "lists", name, value)


# -- what a person writes ----------------------------------------------------------------------------------------------


def test_what_is_written_is_what_is_read():
    own = rule(side="buy")
    assert read_value_in("rules", "own", text_of(own)) == own
    assert read_value_in("lists", "group:majors", text_of(("A.X", "B.X"))) == ("A.X", "B.X")
    assert read_value_in("lists", "locate:BTC.X", "1.50") == "1.50"
    assert [read_value_in("lists", "restricted:BTC.X", text) for text in ("true", "false", "none")] == [
        True,
        None,
        None,
    ]
    assert read_value_in("rules", "own", "none") is None


@pytest.mark.parametrize(
    ("scope", "name", "text", "expected"),
    [
        ("rules", "other", text_of(rule()), "name: expected the rule's own name, other, found 'own'"),
        ("rules", "own", "{", "own: expected a rule as JSON"),
        ("lists", "group:majors", "{", "group:majors: expected a list of instruments"),
        ("lists", "locate:BTC.X", "lots", "a number, 0 or more"),
        ("lists", "restricted:BTC.X", "yes", "expected true or none, found 'yes'"),
    ],
)
def test_what_cannot_be_meant_says_what_was_expected(scope, name, text, expected):
    with pytest.raises(LimitsError, match=expected):
        read_value_in(scope, name, text)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (rule(), "reject when there is an order"),
        (
            rule(to={"notional": 500}, spread_bps={"above": 5}),
            "shrink to notional 500 when spread_bps above 5",
        ),
        (
            rule(quantity={"at_least": 1, "below": "2.5"}, base="BTC"),
            "reject when base BTC, quantity at least 1 below 2.5",
        ),
        (rule(strategy=["a", "b"], closing=True), "reject when strategy a or b, closing orders as well"),
        (rule(reduce_only=True, post_only=False), "reject when post_only false, reduce_only true"),
        (rule(time={"from": "22:00", "until": "06:00"}), "reject when time 22:00 to 06:00"),
    ],
)
def test_a_rule_is_told_in_words(given, words):
    assert words_of(given) == words


# -- what is stricter --------------------------------------------------------------------------------------------------


def time(start: str, end: str) -> Rule:
    return rule(time={"from": start, "until": end})


STRICTER = [  # a rule, and one that speaks of less or leaves more
    (rule(), rule(side="buy")),
    (rule(quantity={"at_least": 1}), rule(quantity={"above": 1})),
    (rule(quantity={"above": 1}), rule(quantity={"above": 2})),
    (rule(quantity={"at_least": 1}), rule(quantity={"at_least": 2})),
    (rule(quantity={"at_most": 5}), rule(quantity={"below": 5})),
    (rule(quantity={"below": 5}), rule(quantity={"below": 4})),
    (rule(quantity={"at_most": 5}), rule(quantity={"at_most": 4})),
    (rule(quantity={"at_most": 5}), rule(quantity={"at_least": 1, "at_most": 5})),
    (rule(quantity={"at_least": 1}), rule(quantity={"at_least": 1, "at_most": 5})),
    (time("08:00", "17:00"), time("08:00", "16:59")),
    (time("22:00", "06:00"), time("22:01", "06:00")),
    (time("22:00", "06:00"), time("23:59", "00:01")),
    (rule(strategy=["a", "b"]), rule(strategy="a")),
    (rule(strategy=["a", "b", "c"]), rule(strategy=["c", "a"])),
    (rule(closing=True), rule()),
    (rule(), rule(to={"quantity": 0})),
    (rule(to={"quantity": "0.5"}), rule(to={"quantity": 2})),
    (rule(to={"quantity": 1}), rule(to={"quantity": 1}, quantity={"above": 3})),
]


@pytest.mark.parametrize(("strict", "loose"), STRICTER)
def test_a_rule_that_speaks_of_more_or_leaves_less_is_stricter_and_the_other_is_not(strict, loose):
    assert is_stricter_in(WIDE, "own", strict, loose)
    assert not is_stricter_in(WIDE, "own", loose, strict)


@pytest.mark.parametrize("same", dict.fromkeys(text_of(each) for pair in STRICTER for each in pair))
def test_a_rule_is_as_strict_as_itself(same):
    given = read_value_in("rules", "own", same)
    assert is_stricter_in(WIDE, "own", given, read_value_in("rules", "own", same))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (rule(side="buy"), rule(side="sell")),
        (rule(reduce_only=True), rule(reduce_only=False)),
        (rule(strategy=["a", "b"]), rule(strategy=["b", "c"])),
        (time("08:00", "10:00"), time("09:00", "11:00")),
        (rule(quantity={"above": 1}), rule(quantity={"below": 9})),
        (rule(quantity={"above": 1}), rule(notional={"above": 1})),
        (rule(to={"quantity": 1}), rule(to={"notional": 5})),
        (rule(to={"quantity": 1}), rule(to={"quantity": 1}, spread_bps={"above": 3})),  # refuses where it is not known
    ],
)
def test_of_rules_that_cannot_be_compared_none_is_stricter(one, other):
    assert not is_stricter_in(WIDE, "own", one, other)
    assert not is_stricter_in(WIDE, "own", other, one)


def test_a_rule_is_stricter_than_none():
    assert is_stricter_in(WIDE, "own", rule(), None)
    assert is_stricter_in(WIDE, "own", None, None)
    assert not is_stricter_in(WIDE, "own", None, rule())


@pytest.mark.parametrize(
    ("name", "value", "stricter"),
    [
        ("group:minors", ("A.X",), True),
        ("group:minors", ("B.X", "A.X"), True),
        ("group:minors", ("B.X",), False),
        ("group:majors", ("A.X",), True),
        ("group:majors", ("B.X", "A.X"), False),  # one more instrument may offset the net value of the others
        ("group:tech", ("B.X", "A.X"), True),
    ],
)
def test_a_group_of_more_instruments_is_stricter_where_they_cannot_offset_each_other(name, value, stricter):
    assert is_stricter_in(ruled(), name, value, ("A.X",)) is stricter
    if name != "group:majors":
        assert is_stricter_in(WIDE, name, value, ("A.X",)) is stricter, "without controls nothing is netted"
