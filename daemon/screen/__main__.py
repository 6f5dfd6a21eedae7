"""`python -m daemon.screen [RUN_FOR_NS]`: statuses as JSON lines on stdin, the screen on stdout."""

import sys

from daemon.screen.child import main

if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else None))
