"""An indicator goes on from its saved numbers as if nothing had happened."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from strategies import indicators as ti
from strategies.base import StrategyError
from tests.strategies.indicators.series import synthetic

CASES: list[tuple[Callable[[], Any], Callable[..., None], int]] = [
    (lambda: ti.macd(3, 8, 4), ti.macd_update, 1),
    (lambda: ti.bollinger(9, 2.0), ti.bollinger_update, 1),
    (lambda: ti.quantile(9, 0.4), ti.quantile_update, 1),
    (lambda: ti.adx(5), ti.adx_update, 3),
    (lambda: ti.stochastic(6, 3, 2), ti.stochastic_update, 3),
]


@pytest.mark.parametrize(("make", "update", "inputs"), CASES)
@pytest.mark.parametrize("cut", [0, 3, 47])
def test_a_restored_indicator_goes_on_as_the_saved_one(
    make: Callable[[], Any], update: Callable[..., None], inputs: int, cut: int
) -> None:
    bars = synthetic(4, 100)
    samples = list(zip(*(c.tolist() for c in (bars.close, bars.low, bars.high)[:inputs]), strict=True))
    one = make()
    for sample in samples[:cut]:
        update(one, *sample)
    saved = msgspec.json.decode(msgspec.json.encode(ti.numbers_of(one)), type=list[float])
    other = make()
    ti.restore(other, saved)
    for sample in samples[cut:]:
        update(one, *sample)
        update(other, *sample)

    assert other == one


def test_only_the_used_part_of_a_window_is_saved() -> None:
    average = ti.sma(5)
    ti.sma_update(average, 3.0)

    assert len(ti.numbers_of(average)) < 12


def test_numbers_of_another_indicator_are_refused() -> None:
    with pytest.raises(StrategyError, match="end early"):
        ti.restore(ti.sma(5), ti.numbers_of(ti.obv()))
    with pytest.raises(StrategyError, match="more numbers saved than it has"):
        ti.restore(ti.obv(), ti.numbers_of(ti.sma(5)))
