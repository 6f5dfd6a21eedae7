"""`python -m research.fidelity`: compare with hftbacktest and write the tables of docs/fidelity.md."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from core.errors import CoreError
from research.fidelity.page import PAGE, markdown, write_section
from research.fidelity.peer import PYTHON
from research.fidelity.plan import RECORDINGS
from research.fidelity.samples import samples
from research.fidelity.study import prepare, rows_for, study

_SCRATCH = Path("var/fidelity")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m research.fidelity", description=__doc__)
    data = Path(os.environ.get("TICKERD_RECORDED_DIR", "../shared/data"))
    parser.add_argument("--data", type=Path, default=data, help="folder of recorded data ($TICKERD_RECORDED_DIR)")
    parser.add_argument("--peer", type=Path, default=PYTHON, help="Python of hftbacktest's environment (%(default)s)")
    parser.add_argument("--scratch", type=Path, default=_SCRATCH, help="where events and results go (%(default)s)")
    parser.add_argument("--page", type=Path, default=PAGE, help="the page whose marked section is written")
    options = parser.parse_args(arguments)
    options.scratch.mkdir(parents=True, exist_ok=True)
    try:
        found = study(options.data, options.scratch, options.peer, _say)
        everything = {recording.name: prepare(recording, options.data) for recording in RECORDINGS}
        units = {name: 10.0**-each.recorded.instrument.size_precision for name, each in everything.items()}
        shown = next(row for row in found.singles if row.view == "tickerd, ticker")
        chosen = everything[shown.recording]
        lines = samples(chosen.recorded, rows_for(chosen.recorded, shown.view), chosen.script, list(shown.told))
        write_section(options.page, markdown(found, units, lines))
    except CoreError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _say(text: str) -> None:
    """Tell how far it is."""
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
