"""`tickerd`: the command line. Each word is a module (`daemon.words`), imported only when it is said."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from config import __version__
from daemon.errors import DaemonError, ExitCode
from daemon.words import Word, words_for

EPILOG = """exit codes:
  0 ok                      4 journal damaged
  1 internal error          5 venue unreachable
  2 usage or settings       6 journal could not be written, trading stopped
  3 verification failed     7 interrupted (a session: a second time, sealed as crashed)

first steps:
  tickerd demo                                  sixty seconds of paper trading
  tickerd run -c config/binance-spot-paper.toml the same on Binance's public market data
  tickerd replay var/sessions/latest --verify   prove that it replays bit for bit
"""


class Parser(argparse.ArgumentParser):
    """Refuses what it does not know by itself, so that the usage of the word that was said is shown, not of all."""

    def parse_known_args(  # type: ignore[override]  # argparse's is for namespaces of any other type as well
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Return what was said, and nothing left over."""
        found, left = super().parse_known_args(args, namespace)
        if left:
            self.error(f"unrecognized arguments: {' '.join(left)}")
        return found, left


def parser(word: str | None) -> argparse.ArgumentParser:
    """Return the parser; only the word that was said fills in its options, so that starting stays fast."""
    return _parser(word, words_for(word))


def _parser(word: str | None, known: dict[str, Word]) -> argparse.ArgumentParser:
    """Return the parser of the words that are known."""
    top = Parser(
        prog="tickerd",
        description="An event-driven live trading daemon: journal first, risk gate on every order, exact replay.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"tickerd {__version__}")
    words = top.add_subparsers(dest="word", metavar="WORD", required=True)
    for name, (module, summary) in known.items():
        sub = words.add_parser(
            name,
            help=summary.replace("%", "%%"),
            description=summary[0].upper() + summary[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == word:
            importlib.import_module(module).add(sub)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command line and return the exit code."""
    if not __debug__:
        sys.stderr.write("tickerd: refuses to run under python -O, which strips the assertions it relies on\n")
        return ExitCode.USAGE
    given = list(sys.argv[1:] if arguments is None else arguments)
    word = next((argument for argument in given if not argument.startswith("-")), None)
    known = words_for(word)
    options = _parser(word, known).parse_args(given)
    try:
        return int(importlib.import_module(known[options.word].module).run(options))
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read our output has seen enough
        return ExitCode.OK
    except Exception as error:
        if os.environ.get("TICKERD_TRACEBACK"):
            raise
        for message in messages_of(error):
            sys.stderr.write(f"tickerd: {message}\n")
        return exit_code_of(error)


def messages_of(error: Exception) -> list[str]:
    """Return an error in words; settings with several mistakes tell them all."""
    from config.errors import ConfigError

    if isinstance(error, ConfigError):
        return [str(mistake) for mistake in error.all]
    if type(error).__module__ == "builtins":  # its text alone may say nothing: KeyError's is the key
        return [f"{type(error).__name__}: {error}"]
    return [str(error) or type(error).__name__]


def exit_code_of(error: Exception) -> ExitCode:
    """Return the documented exit code of an error; one of ours knows, anything else is internal."""
    from config.errors import ConfigError
    from connectors.errors import ConnectorError
    from core.errors import CoreError
    from journal.errors import JournalDamaged, JournalError, JournalFull, JournalIOError

    if isinstance(error, DaemonError):
        return error.exit_code
    if isinstance(code := getattr(error, "exit_code", None), int):  # of a package that brings words
        return ExitCode(code)
    if isinstance(error, ConfigError):
        return ExitCode.USAGE
    if isinstance(error, JournalDamaged):
        return ExitCode.JOURNAL_DAMAGED
    if isinstance(error, JournalFull | JournalIOError):
        return ExitCode.JOURNAL_STOPPED
    if isinstance(error, JournalError):
        return ExitCode.USAGE
    if isinstance(error, ConnectorError):
        return ExitCode.VENUE_UNREACHABLE
    if not isinstance(error, CoreError):
        sys.stderr.write("tickerd: this is a defect; TICKERD_TRACEBACK=1 shows where it happened\n")
    return ExitCode.INTERNAL
