"""Market by order: refused where data lacks it and queues need it, and where the driver does not take it."""

from connectors.sim.settings import QueueModel, SimSettings
from core.records import Kind
from research.backtest.data import Data
from research.backtest.errors import DataProblem, DriverProblem

_NAMES = {Kind.QUOTE: "quotes", Kind.TRADE: "trades", Kind.BOOK: "depth by price", Kind.BAR: "bars"}


def refuse_unfit(data: Data, sim: SimSettings, *, compiled: bool) -> None:
    """Hold what is fed to what the settings and the driver need. Raises DataProblem, DriverProblem."""
    fifo = QueueModel.FIFO in (sim.queue_model, *(each.queue_model for each in sim.venues.values()))
    if not fifo and not compiled:
        return
    told = data.told()
    fed = ", ".join(source.folder for source in data.sources())
    for name, kinds in sorted(told.items()):
        if Kind.MBO in kinds:
            if compiled:
                raise DriverProblem(
                    f"the compiled driver does not take market by order, by which {fed} tells of {name}: use "
                    "--driver python, or import the file with --book levels"
                )
        elif sim.at(name.rpartition(".")[2]).queue_model is QueueModel.FIFO:
            by = " and ".join(_NAMES[Kind(kind)] for kind in sorted(kinds))
            raise DataProblem(
                f'queue_model = "fifo" needs market by order, and {fed} tells of {name} by {by} alone: import '
                "such data (tickerd history import mbo), or choose a queue_model that estimates (docs/queues.md)"
            )
