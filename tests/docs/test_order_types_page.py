"""The page on order types: it names every word and every refusal there is, and its code trades."""

import ast
import re
from pathlib import Path

import msgspec
import pytest

from core.orders import Contingency, OrderTerms, OrderType, TimeInForce, TriggerBy
from risk import held_checks
from risk.checks import CHECKS
from strategies.words import OrderWords
from tests.docs.markdown import document
from tests.engine.scenario import Stage

PAGE = document("docs/order-types.md")
NOT_ON_THE_PAGE = {TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK}


@pytest.mark.parametrize("words", [OrderType, TriggerBy, Contingency, set(TimeInForce) - NOT_ON_THE_PAGE])
def test_the_page_has_every_word_of_an_order(words):
    assert {word.value for word in words} <= set(PAGE.codes)


def test_the_page_has_every_term_and_every_word_of_a_strategy():
    terms = {field.name for field in msgspec.structs.fields(OrderTerms)}
    asked = {name for name in vars(OrderWords) if not name.startswith("_")}
    told = {word for code in PAGE.codes for word in re.findall(r"\w+", code)}
    assert terms | asked <= told


def test_the_page_has_every_refusal_that_only_kept_orders_know():
    tree = ast.parse(Path(held_checks.__file__).read_text(encoding="utf-8"))
    codes = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_no"
        if isinstance(node.args[0], ast.Constant)
    }
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE.text, re.MULTILINE))
    assert listed == codes - {code for code, _ in CHECKS.values()} | {"GROUP_REFUSED"}


def test_the_code_of_the_page_trades():
    (code,) = [block.text for block in PAGE.blocks if block.language == "python"]
    names: dict[str, object] = {}
    exec(compile(code, "page", "exec"), names)
    stage = Stage(names["Guarded"])  # type: ignore[arg-type]
    stage.open()
    stage.quote(99_99, 100_01)
    assert len(stage.engine.manager.open_orders()) == 1
    assert len(stage.engine.manager.held.orders) == 4
