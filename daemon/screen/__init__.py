"""The live screen: a process of its own, so that drawing can never stall the event loop.

For: showing a `Status`, as a live table on a terminal and as one line a second everywhere else. The daemon holds a
`ScreenProcess`, which writes a JSON line per status into a pipe and never waits; `python -m daemon.screen` reads them.
May import: `daemon.status` and rich, the latter in the child process only.
Refuses: to block, to decide anything, and to end before its pipe does: Ctrl-C belongs to the daemon.
"""

from daemon.screen.process import ScreenProcess

__all__ = ["ScreenProcess"]
