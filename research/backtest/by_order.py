"""Market by order: true queues need it, and are refused where data lacks it."""

from connectors.sim.settings import QueueModel, SimSettings
from core.records import Kind
from research.backtest.data import Data
from research.backtest.errors import DataProblem

_NAMES = {Kind.QUOTE: "quotes", Kind.TRADE: "trades", Kind.BOOK: "depth by price", Kind.BAR: "bars"}


def refuse_unfit(data: Data, sim: SimSettings) -> None:
    """Hold what is fed to what the settings need. Raises DataProblem."""
    if QueueModel.FIFO not in (sim.queue_model, *(each.queue_model for each in sim.venues.values())):
        return
    told = data.told()
    fed = ", ".join(source.folder for source in data.sources())
    for name, kinds in sorted(told.items()):
        if Kind.MBO not in kinds and sim.at(name.rpartition(".")[2]).queue_model is QueueModel.FIFO:
            by = " and ".join(_NAMES[Kind(kind)] for kind in sorted(kinds))
            raise DataProblem(
                f'queue_model = "fifo" needs market by order, and {fed} tells of {name} by {by} alone: import '
                "such data (tickerd history import mbo), or choose a queue_model that estimates (docs/queues.md)"
            )
