"""`python -m daemon.portfolio`: a setup and then snapshots as JSON lines on stdin, an answer to each on stdout."""

import sys

from daemon.portfolio.child import main

if __name__ == "__main__":
    sys.exit(main())
