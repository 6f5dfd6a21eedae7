import math

from hypothesis import given
from hypothesis import strategies as st

from core.rng import Rng


def test_the_sequence_is_pcg32s_own():
    """The reference output of pcg32 for seed 42, stream 54 (pcg-c-basic, pcg32-demo)."""
    rng = Rng(42, 54)
    expected = [0xA15C02B7, 0x7B47F409, 0xBA1D3330, 0x83D2F293, 0xBFA4784B, 0xCBED606E]
    assert [rng.next_u32() for _ in expected] == expected


@given(st.integers(0, 2**64 - 1), st.integers(1, 2**32))
def test_below_stays_below(seed, bound):
    assert 0 <= Rng(seed).below(bound) < bound


@given(st.integers(0, 2**64 - 1))
def test_a_restored_generator_continues_the_same_sequence(seed):
    rng, other = Rng(seed), Rng(0)
    rng.next_u32()
    other.restore(rng.state())
    assert [rng.next_u32() for _ in range(5)] == [other.next_u32() for _ in range(5)]


def test_normals_have_mean_zero_and_variance_one():
    rng = Rng(7)
    values = [rng.normal() for _ in range(20_000)]
    mean = math.fsum(values) / len(values)
    variance = math.fsum((value - mean) ** 2 for value in values) / len(values)
    assert abs(mean) < 0.03
    assert abs(variance - 1) < 0.03


def test_streams_of_one_seed_differ():
    assert [Rng(1, 1).next_u32() for _ in range(3)] != [Rng(1, 2).next_u32() for _ in range(3)]
