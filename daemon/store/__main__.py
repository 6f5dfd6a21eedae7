"""`python -m daemon.store --session FOLDER --file FILE`: follow a session until stdin ends."""

import argparse
import sys
from pathlib import Path

from daemon.store.child import main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m daemon.store", description=__doc__)
    parser.add_argument("--session", type=Path, required=True, metavar="FOLDER", help="the session's folder")
    parser.add_argument("--file", type=Path, required=True, metavar="FILE", help="the store")
    parser.add_argument("--batch", type=int, required=True, metavar="N", help="rows to a transaction, about")
    parser.add_argument("--commit-ms", type=int, required=True, metavar="MS", help="the longest that rows wait")
    options = parser.parse_args()
    sys.exit(main(options.session, options.file, options.batch, options.commit_ms / 1000))
