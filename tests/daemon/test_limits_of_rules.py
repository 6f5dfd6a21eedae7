"""`tickerd limits` on users' rules and lists: in words, how often each has spoken, and what waits."""

import msgspec

from core.events import CommandReceived
from core.records import Kind
from daemon.limits_view import limits_view
from risk.control_settings import ControlSettings
from risk.limits import RiskLimits
from risk.rule_settings import Rule, RuleSettings, rule_text
from tests.engine.scenario import Stage
from tests.engine.test_controls_engine import Buyer

RULES = (
    {"name": "whales", "when": {"strategy": ["Buyer", "b"], "notional": {"above": "0.50"}}, "then": "reject"},
    {
        "name": "quiet",
        "when": {"time": {"from": "22:00", "until": "06:00"}, "post_only": True},
        "then": "shrink",
        "to": {"depth_share": 0.1},
        "closing": True,
    },
)


def rows(stage: Stage) -> dict[tuple[str, str], dict[str, str]]:
    return {(each.scope, each.name): msgspec.to_builtins(each) for each in limits_view(stage.engine).rows}


def test_rules_and_lists_are_shown_in_words_with_how_often_they_spoke_and_what_waits():
    rules = tuple(msgspec.convert(each, Rule) for each in RULES)
    limits = RiskLimits(
        rules=RuleSettings(rule=rules), controls=ControlSettings(restricted=("X.Y",), locates={"Z.Y": "1.50"})
    )
    stage = Stage(Buyer, limits=limits)
    stage.open()
    stage.quote(99_98, 100_02)
    stage.quote(99_97, 100_02)
    shown = rows(stage)
    assert shown["rules", "whales"]["value"] == "reject when strategy Buyer or b, notional above 0.5"
    assert shown["rules", "whales"]["used"] == "2 refused, 0 shrunk"
    assert shown["rules", "quiet"]["value"] == (
        "shrink to depth_share 0.1 when post_only true, time 22:00 to 06:00, closing orders as well"
    )
    assert shown["lists", "restricted:X.Y"]["value"] == "true"
    assert shown["lists", "locate:Z.Y"]["value"] == "1.50"
    looser = msgspec.convert({**RULES[0], "when": {"notional": {"above": 2}, "strategy": "Buyer"}}, Rule)
    for name, text in (
        ("whales", rule_text(looser)),
        ("new", rule_text(msgspec.structs.replace(rules[0], name="new"))),
    ):
        command = CommandReceived(name="set", scope="rules", source="me", reason="the desk", args={name: text})
        stage.payload(Kind.COMMAND, command)
    shown = rows(stage)
    assert shown["rules", "whales"]["waiting"] == "reject when strategy Buyer, notional above 2"
    assert shown["rules", "new"]["settings"] == "none"
