"""The words of the command line: the daemon's own, and those that other packages bring by entry points.

A package brings words by entry points in the group `tickerd.commands`, each naming a module with `add(parser)` and
`run(options)`; the package that the module is in says in `WORDS` what each does, so that `tickerd --help` imports no
word's module:

    [project.entry-points."tickerd.commands"]
    backtest = "research.commands.backtest"  # and research/commands/__init__.py holds WORDS = {"backtest": "..."}
"""

import importlib
from typing import NamedTuple

GROUP = "tickerd.commands"

OWN = {
    "run": "run a session: paper or live, from a settings file",
    "demo": "run a paper session on a synthetic market: no keys, no internet",
    "replay": "run a recorded session again, prove it, or ask what else would have happened",
    "journal": "list, show, verify, export, compress recorded sessions",
    "audit": "verify signatures, report a day, reconcile with a venue's statement, export orders' lives",
    "tail": "show fills, orders, refusals and alerts of the running daemon as they happen",
    "top": "watch the running daemon on a live screen, with keys for kill, halt, flatten, pause, resume, arm",
    "breakers": "show what each breaker measures, and how far it has gone",
    "retune": "give a strategy of the running daemon other parameters",
    "scale": "scale the sizes of positions that strategies open from now on",
    "book": "book a dividend, a split or a transfer in the running daemon",
    "store": "ask for orders, fills, positions and equity of sessions; rebuild their tables",
    "config": "check or show settings",
    "strategies": "list the strategies that settings can name, or those of the running daemon",
    "guard": "watch a live daemon from a process of its own, and cancel everything when it stops beating",
    "second-factor": "make a secret whose codes `arm` and `approve` ask for",
    "drill": "practise the kill switch on the embedded exchange, and show what took how long",
    "emulate": "serve a venue's protocol from recorded or synthetic markets",
    "doctor": "look for what would keep tickerd from working here",
    "version": "print version, build and libraries",
}


OPERATOR = {
    "status": "show how the running daemon stands",
    "kill": "cancel everything, and let nothing but cancels pass: for all, a venue, an instrument or a strategy",
    "halt": "let nothing but cancels pass",
    "stop-entry": "let pass only what reduces positions",
    "arm": "let orders pass again after a kill, a halt or stop-entry",
    "cancel": "cancel what works",
    "flatten": "cancel what works and close positions",
    "reduce": "close a share of positions, strategies going on",
    "pause": "pause one strategy and cancel its orders",
    "resume": "start a paused strategy again",
    "release": "accept what reconciliation froze or halted",
}
"""Words for the daemon that is running: one module carries them all out."""

VIEWS = {
    "positions": "show the running daemon's positions",
    "orders": "show the orders that work, those that tickerd keeps, and those that ended last",
    "fills": "show the newest fills",
    "pnl": "show what was earned, by instrument, strategy and currency",
    "why": "tell why a strategy has not traded",
}
"""Words that show what the running daemon has."""

LIMITS = {
    "limits": "show the limits, what counts against them, and what waits",
    "set": "change limits of the running daemon: stricter at once, looser after a while or a second person",
    "approve": "let looser limits that wait hold at once",
    "withdraw": "drop looser limits that wait",
    "reload": "take the limits of a settings file as they are now",
}
"""Words about the running daemon's limits."""


ALERTS = {
    "alerts": "show the running daemon's errors that nobody has acknowledged",
    "ack": "acknowledge errors, by your name",
}
"""Words about alerts."""

ROSTER = {
    "add": "add a strategy of a settings file to the running daemon",
    "remove": "remove a strategy from the running daemon: its orders are cancelled, its positions closed or kept",
    "disable": "switch a strategy off, over restarts too",
    "enable": "switch a strategy on again",
}
"""Words about who is at work in the running daemon."""


class Word(NamedTuple):
    """One word: the module that describes and carries it out, and what it does in one line."""

    module: str
    summary: str


def words_for(said: str | None) -> dict[str, Word]:
    """Return the words to know when `said` was said: looking for installed ones costs 20 ms, which ours are spared."""
    own = {name: Word(f"daemon.commands.{name.replace('-', '_')}", summary) for name, summary in OWN.items()}
    own |= {name: Word("daemon.commands.operate", summary) for name, summary in OPERATOR.items()}
    own |= {name: Word("daemon.commands.views", summary) for name, summary in VIEWS.items()}
    own |= {name: Word("daemon.commands.limits", summary) for name, summary in LIMITS.items()}
    own |= {name: Word("daemon.commands.alerts", summary) for name, summary in ALERTS.items()}
    own |= {name: Word("daemon.commands.roster", summary) for name, summary in ROSTER.items()}
    return own if said in own else {**own, **{name: word for name, word in installed().items() if name not in own}}


def installed() -> dict[str, Word]:
    """Return the words that installed packages bring; the first on the path counts."""
    from importlib.metadata import entry_points

    found: dict[str, Word] = {}
    for entry in entry_points(group=GROUP):
        found.setdefault(entry.name, Word(entry.module, _summary(entry.name, entry.module)))
    return dict(sorted(found.items()))


def _summary(name: str, module: str) -> str:
    """Return what a package says of one of its words; a package that is broken keeps nobody from the other words."""
    package = module.rpartition(".")[0] or module
    try:
        words: dict[str, str] = importlib.import_module(package).WORDS
        return words[name]
    except Exception as error:  # noqa: BLE001 - whatever a package raises while imported
        return f"cannot be listed: {package}.WORDS: {type(error).__name__}: {error}"
