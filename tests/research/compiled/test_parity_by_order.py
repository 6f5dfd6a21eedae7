"""Both drivers on recorded market by order, with true queues and with estimates: the same tables and digests."""

from pathlib import Path

import pytest

from research.history.mbo import MboSource
from research.history.sources import import_history
from tests.research.backtest.test_backtest_by_order import FUTURES, JOINER
from tests.research.compiled.test_parity_recorded import assert_same
from tests.research.history.test_history_mbo import ES

KERNEL = FUTURES.replace(JOINER, f"{Path(__file__).with_name('joining.py')}:Joining")


@pytest.fixture(scope="module")
def orders(recorded_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("databento_dbn")
    (path,) = (recorded_dir / "l3").glob("*.mbo.dbn.zst")
    folder = tmp_path_factory.mktemp("mbo") / "orders"
    import_history(MboSource(file=str(path), instrument=ES), folder)
    return folder


@pytest.mark.slow
def test_both_drivers_do_the_same_on_market_by_order(orders, tmp_path):
    fills = {}
    for model in ("fifo", "power-front", "risk-averse"):
        text = KERNEL % model
        fills[model] = assert_same(tmp_path / model, text, orders).virtual.fills
    assert min(fills.values()) > 20
    assert len(set(fills.values())) > 1
