"""`python -m daemon.screen [--plain] [--for-ns NS]`: statuses as JSON lines on stdin, the screen on stdout."""

import argparse
import sys

from daemon.screen.child import main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m daemon.screen", description=__doc__)
    parser.add_argument("--plain", action="store_true", help="lines, even on a terminal")
    parser.add_argument("--for-ns", type=int, metavar="NS", help="how long the run is to last, for the countdown")
    options = parser.parse_args()
    sys.exit(main(options.for_ns, plain=options.plain))
