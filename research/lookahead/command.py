"""What `tickerd backtest` does when a check is asked for instead of a run folder."""

import argparse
import sys

import msgspec

from config.load import Config
from config.progress import progress_bar
from config.settings import BacktestSettings
from research.backtest.sources import open_data
from research.lookahead.check import check_lookahead
from research.lookahead.cuts import DEFAULT_CUTS
from research.lookahead.errors import CheckNotPossible
from research.lookahead.report import LookaheadReport
from research.lookahead.report import report_text as lookahead_text
from research.lookahead.warmup import check_warmup
from research.lookahead.warmup_report import WarmupReport
from research.lookahead.warmup_report import report_text as warmup_text


class Checks(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON of one call: a report of each check that was asked for, and the exit code."""

    lookahead: LookaheadReport | None
    warmup: WarmupReport | None
    exit_code: int


def wanted(options: argparse.Namespace) -> bool:
    """Whether a check is asked for, or something that belongs to one."""
    checks = options.check_lookahead or options.check_warmup
    return bool(checks or options.cuts is not None or options.warmup is not None)


def run_checks(config: Config, options: argparse.Namespace) -> int:
    """Carry out the checks that were asked for, print what they came to, return the exit code.

    Raises CheckNotPossible, NothingToCheck, ConfigError, BacktestError, JournalError.
    """
    settings: BacktestSettings = config.settings.backtest
    _refuse_misuse(options)
    cuts = DEFAULT_CUTS if options.cuts is None else options.cuts
    lookahead = warmup = None
    with progress_bar("reading", quiet=options.json) as progress:
        data = open_data(settings, progress)
    with data:
        if options.check_lookahead:
            with progress_bar("look-ahead", quiet=options.json) as progress:
                lookahead = check_lookahead(config, data, cuts=cuts, progress=progress)
        if options.check_warmup:
            with progress_bar("warm-up", quiet=options.json) as progress:
                warmup = check_warmup(config, data, claim=options.warmup, progress=progress)
    code = max(report.exit_code for report in (lookahead, warmup) if report is not None)
    if options.json:
        checks = Checks(lookahead=lookahead, warmup=warmup, exit_code=code)
        sys.stdout.write(msgspec.json.encode(checks).decode() + "\n")
        return code
    if lookahead is not None:
        sys.stdout.write(lookahead_text(lookahead))
    if warmup is not None:
        sys.stdout.write(warmup_text(warmup))
    return code


def _refuse_misuse(options: argparse.Namespace) -> None:
    """Refuse what makes no sense together. Raises CheckNotPossible."""
    if options.cuts is not None and not options.check_lookahead:
        raise CheckNotPossible("--cuts belongs to --check-lookahead")
    if options.warmup is not None and not options.check_warmup:
        raise CheckNotPossible("--warmup belongs to --check-warmup")
    if options.out is not None or options.journal:
        raise CheckNotPossible("a check writes no run folder and no journal: leave out --out and --journal")
    if options.cuts is not None and options.cuts < 1:
        raise CheckNotPossible(f"--cuts takes a number from 1 up, not {options.cuts}")
    if options.warmup is not None and options.warmup < 0:
        raise CheckNotPossible(f"--warmup takes a number of inputs from 0 up, not {options.warmup}")
