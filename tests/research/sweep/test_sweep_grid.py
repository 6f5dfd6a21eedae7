"""What `--vary` says: ranges, values, both; every combination once; what cannot be read is refused in words."""

import pytest

from research.commands.sweep import BY
from research.sweep.errors import VaryProblem
from research.sweep.grid import COMBINATIONS_MAX, grid_of
from research.sweep.result import ORDERS
from strategies import StrategyParams


class Params(StrategyParams, frozen=True):
    fast: int = 1
    ratio: float = 0.5
    quantity: str = "0.01"
    short: bool = False


@pytest.mark.parametrize(
    ("word", "values"),
    [
        ("fast=5:20:5", (5, 10, 15, 20)),
        ("fast=5:19:5", (5, 10, 15)),
        ("fast=3:6", (3, 4, 5, 6)),
        ("fast=7", (7,)),
        ("fast=60,80,100", (60, 80, 100)),
        ("fast=1:3,3:5,9,1", (1, 2, 3, 4, 5, 9)),
        ("ratio=0.1:0.3:0.1", (0.1, 0.2, 0.3)),
        ("ratio=1,2", (1.0, 2.0)),
        ("quantity=0.01:0.03:0.01", ("0.01", "0.02", "0.03")),
        ("short=true,false", (True, False)),
        ("fast=-4:-2", (-4, -3, -2)),
    ],
)
def test_ranges_and_values_become_the_parameters_own_type(word, values):
    [found] = grid_of([word], Params).axes.values()

    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


def test_every_combination_comes_once_and_the_last_name_varies_fastest():
    grid = grid_of(["fast=1,2", "ratio=0.5,1"], Params)

    assert grid.names == ("fast", "ratio")
    assert grid.size == 4
    assert list(grid.combinations()) == [(1, 0.5), (1, 1.0), (2, 0.5), (2, 1.0)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fast"], "write NAME=FIRST:LAST:STEP"),
        (["fast="], "write NAME=FIRST:LAST:STEP"),
        (["slow=1:2"], "the strategy has no parameter of that name; it has fast, ratio, quantity, short"),
        (["fast=1:2", "fast=3"], "was said twice"),
        (["fast=1:x"], "cannot read 1:x"),
        (["fast=1:2:3:4"], "cannot read 1:2:3:4"),
        (["fast=5:1"], "FIRST must not exceed LAST"),
        (["fast=1:5:0"], "STEP be above 0"),
        (["fast=1:inf"], "is empty"),
        (["fast=1:nan"], "FIRST must not exceed LAST"),
        ([f"fast=0:{COMBINATIONS_MAX}"], "take larger steps"),
        (["fast=1:2000", "ratio=1:2000"], "4,000,000 combinations"),
    ],
)
def test_what_cannot_be_varied_is_refused_in_words(words, said):
    with pytest.raises(VaryProblem, match=None) as told:
        grid_of(words, Params)
    assert said in str(told.value)


def test_a_value_of_another_kind_is_left_for_the_strategy_to_refuse():
    assert grid_of(["fast=x,1.5"], Params).axes["fast"] == ("x", 1.5)


def test_the_command_offers_the_orders_that_there_are():
    assert list(BY) == list(ORDERS)
