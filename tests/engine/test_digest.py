import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.book import L2Book
from engine.digest import book_hash, canonical, state_digest
from engine.errors import NotCanonical
from strategies import EmaCross, TwoSidedQuoter
from tests.engine.scenario import SECOND, Stage

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(plain, plain)
def test_different_values_have_different_texts(left, right):
    assert (canonical(left) == canonical(right)) == (repr_of(left) == repr_of(right))


def repr_of(value):
    """An independent canonical form: types beside values, dictionaries sorted."""
    if isinstance(value, dict):
        return ("dict", sorted((repr_of(key), repr_of(item)) for key, item in value.items()))
    if isinstance(value, list):
        return ("list", [repr_of(item) for item in value])
    return (type(value).__name__, repr(value))


@given(st.dictionaries(st.text(), st.integers()))
def test_the_order_in_which_a_dictionary_was_filled_does_not_matter(filled):
    assert state_digest(filled) == state_digest(dict(reversed(filled.items())))


@pytest.mark.parametrize("value", [{1, 2}, object(), 1j, bytearray(b"x")])
def test_what_has_no_canonical_text_is_refused_by_its_type(value):
    with pytest.raises(NotCanonical, match=type(value).__name__):
        canonical([value])


@given(st.dictionaries(st.integers(1, 10**12), st.integers(1, 10**12), max_size=50))
def test_a_book_hashes_the_same_however_it_was_built(levels):
    one, other = L2Book(), L2Book()
    for price, quantity in levels.items():
        one.set_level(0, price, quantity)
    for price, quantity in reversed(levels.items()):
        other.set_level(0, price, 1)
        other.set_level(0, price, quantity)
    assert book_hash(one) == book_hash(other)


def play(stage: Stage) -> Stage:
    stage.open()
    for number in range(400):
        stage.quote(99_90 + number * 7 % 23, 100_10 + number * 5 % 19, after_ns=SECOND // 10)
        stage.trade(100_00 + number % 3)
    return stage


def test_the_same_inputs_give_the_same_effects_and_digest():
    first, second = play(Stage(EmaCross, TwoSidedQuoter)), Stage(EmaCross, TwoSidedQuoter)
    for event in first.fed:
        second.step(event)
    assert first.engine.digest() == second.engine.digest()


def test_any_single_input_left_out_moves_the_digest():
    whole = play(Stage(EmaCross))
    other = Stage(EmaCross)
    for number, event in enumerate(whole.fed):
        if number != 200:
            other.step(event)
    assert other.engine.digest() != whole.engine.digest()


def test_a_digest_may_be_taken_at_any_time_without_changing_what_follows():
    quiet, asked = Stage(EmaCross), Stage(EmaCross)
    for event in play(Stage(EmaCross)).fed:
        quiet.step(event)
        asked.step(event)
        asked.engine.digest()
    assert quiet.engine.digest() == asked.engine.digest()


def test_the_digest_does_not_depend_on_the_hash_seed_of_the_process():
    program = (
        "from tests.engine.test_digest import play, Stage, EmaCross, TwoSidedQuoter;"
        "print(play(Stage(EmaCross, TwoSidedQuoter)).engine.digest().hex())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(digests) == 1
