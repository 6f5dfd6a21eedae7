"""The bars that indicators are tried on."""

import pytest

from tests.strategies.indicators.series import RECORDED, Bars, recorded, synthetic

_read: dict[str, Bars] = {}


@pytest.fixture
def bars(request: pytest.FixtureRequest) -> Bars:
    """Bars of a name in `series.NAMES`: parametrize with `indirect=True`."""
    name = request.param
    if name not in _read:
        if name in RECORDED:
            _read[name] = recorded(request.getfixturevalue("recorded_dir"), RECORDED[name])
        else:
            _read[name] = synthetic(7, flat=name == "flat")
    return _read[name]
