"""`tickerd compare SESSION`: a session's orders again at the simulated venue, and how far it is from the truth."""

import argparse
import sys
from pathlib import Path

import msgspec

EPILOG = """examples:
  tickerd compare var/sessions/latest
  tickerd compare latest --limit 50
  tickerd compare latest -c my.toml --json

The session's own commands go out to the simulated venue at the times at which they went, into the market as it was
recorded; no strategy decides anew. Told are the orders that differ most, profit and positions of both, and what the
simulator should have charged: by how much takers paid more than at the simulated venue, how much later answers came.
-c takes [paper.sim] from another settings file.

exit codes: 0 ok, 2 no such session, or one without orders, 4 damaged data
"""

OK = 0


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    parser.epilog = EPILOG
    parser.add_argument("session", metavar="SESSION", help="a session's folder, its name under the root, or latest")
    parser.add_argument(
        "--root", type=Path, default=Path("var/sessions"), metavar="DIR", help="where sessions are kept"
    )
    parser.add_argument("-c", "--config", type=Path, metavar="FILE", help="settings whose [paper.sim] is tried")
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="orders to show (default 20)")
    parser.add_argument("--json", action="store_true", help="one JSON object with every order")


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    from config.load import load
    from config.progress import progress_bar
    from journal.reader import open_session
    from research.compare.report import report_text
    from research.compare.rerun import Rerun
    from research.compare.totals import compare

    sim = load(options.config).settings.paper.sim if options.config else None
    with open_session(_folder(options.session, options.root)) as reader:
        rerun = Rerun(reader, sim)
        with progress_bar("comparing", quiet=options.json) as progress:
            rerun.run(progress)
        found = compare(rerun)
    if options.json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    else:
        sys.stdout.write(report_text(found, options.limit, whole=not sys.stdout.isatty()))
    return OK


def _folder(text: str, root: Path) -> Path:
    """Return the folder that `text` means."""
    from journal.folders import LATEST_NAME, latest_session

    path = Path(text)
    if path.name != text or path.is_dir():
        return path
    return latest_session(root) if text == LATEST_NAME else root / text
