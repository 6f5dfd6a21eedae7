"""`python -m daemon`: the same as `tickerd`."""

import sys

from daemon.cli import main

sys.exit(main())
