"""The arithmetic of matching compiles as it stands, and the compiled functions give the same numbers."""

import inspect

import numba
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.sim import matching

FUNCTIONS = [function for _, function in inspect.getmembers(matching, inspect.isfunction)]
numbers = st.one_of(st.integers(0, 20), st.integers(0, 1 << 61), st.just(matching.UNKNOWN_QUEUE))


def compiled(function):
    """Compile for 64-bit integers only, so that the first call is already checked against them."""
    arguments = ", ".join(["int64"] * len(inspect.signature(function).parameters))
    return numba.njit(f"({arguments})")(function)


def test_every_function_compiles_and_agrees_with_python() -> None:
    pairs = [(function, compiled(function)) for function in FUNCTIONS]
    assert len(pairs) == 7

    @settings(max_examples=300)
    @given(st.sampled_from([1, -1]), st.lists(numbers, min_size=7, max_size=7))
    def agree(sign: int, drawn: list[int]) -> None:
        for function, fast in pairs:
            names = list(inspect.signature(function).parameters)
            arguments = [sign if name == "sign" else drawn[place] for place, name in enumerate(names)]
            if function is matching.queue_after_display:
                arguments[1] = min(arguments[1], 1 << 60)  # `unprinted` is part of a known queue
            assert fast(*arguments) == function(*arguments), (function.__name__, arguments)

    agree()
