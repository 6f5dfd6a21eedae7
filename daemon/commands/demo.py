"""`tickerd demo`: a session on the embedded exchange and its synthetic market. No keys, no money, no internet."""

import argparse
import contextlib
import importlib.resources
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator

import msgspec

from config.invocation import child
from daemon.commands.run import add_output_options, duration_s
from daemon.errors import ExitCode, StartFailed

LABELS = ("synthetic market", "no money")
KEY = "demo"  # the name in config/demo.toml

EPILOG = """examples:
  tickerd demo
  tickerd demo --for 10s --seed 7 --plain

The market is made up from the seed by the embedded exchange, a process of its own. The daemon trades on it as it trades
live: signed orders over a real websocket on loopback, a private stream, reconciliation before the first order. Ctrl-C
drains and seals the journal.

exit codes: 0 drained, 1 a defect, 5 the exchange did not start, 6 the journal could not be written, 7 interrupted twice
"""


class _Listening(msgspec.Struct, frozen=True):
    """The line with which the embedded venue says that it listens."""

    rest_url: str
    ws_url: str
    ws_api_url: str
    api_key: str
    api_secret: str


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    parser.epilog = EPILOG
    parser.add_argument("--for", dest="for_s", type=duration_s, default=60.0, metavar="TIME", help="default: 60s")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the market's seed (default: 1)")
    parser.add_argument("--root", metavar="DIR", help="where sessions are kept (default: var/sessions)")
    add_output_options(parser)


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    from config.load import parse
    from config.secrets import Secret
    from daemon.start import run_session

    text = importlib.resources.files("config").joinpath("demo.toml").read_text(encoding="utf-8")
    with embedded_venue(options.seed) as venue, tempfile.TemporaryDirectory(prefix="tickerd-demo-") as accounts:
        environ = {
            **os.environ,
            "TICKERD__VENUES__BINANCE__REST_URL": venue.rest_url,
            "TICKERD__VENUES__BINANCE__WS_URL": venue.ws_url,
            "TICKERD__VENUES__BINANCE__TRADING__WS_API_URL": venue.ws_api_url,
            "TICKERD__LIVE__ROOT": accounts,  # each demo has an exchange of its own, where no session came before
        }
        config = parse(text, file="config/demo.toml", environ=environ)
        if options.root:
            config = config.with_root(options.root)
        keys = {f"{KEY}-api-key": Secret(venue.api_key), f"{KEY}-api-secret": Secret(venue.api_secret)}
        return run_session(
            config,
            for_s=options.for_s,
            as_json=options.json,
            plain=options.plain,
            labels=LABELS,
            secrets=keys.__getitem__,
        )


@contextlib.contextmanager
def embedded_venue(seed: int) -> Iterator[_Listening]:
    """Run the embedded venue in a process of its own while the block runs. Raises StartFailed."""
    words = ("--synthetic", "--seed", str(seed), "--port", "0", "--json")
    command, environ = child("daemon", "emulate", "binance", *words)
    # Its own process group: Ctrl-C is for the daemon, which still needs its venue while it drains.
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise StartFailed(f"the embedded venue ended at once with code {process.wait()}; its words are above")
        yield msgspec.json.decode(line, type=_Listening)
    finally:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()
