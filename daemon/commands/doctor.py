"""`tickerd doctor`: look for what would keep tickerd from working here, and say what to do about it."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import msgspec

from config.load import load
from config.progress import Progress, progress_bar
from config.settings import MetricsSettings, Settings
from daemon.commands import config, doctor_machine, doctor_python, doctor_sessions, doctor_venues
from daemon.commands.doctor_finding import Finding, Level, fail, ok
from daemon.commands.printing import Column, write_json, write_line, write_table
from daemon.commands.sessions import DEFAULT_ROOT
from daemon.errors import ExitCode

EPILOG = """examples:
  tickerd doctor
  tickerd doctor -c my.toml
  tickerd doctor -c binance-spot-paper --json

With -c the settings are checked too, their root is the one looked at, live secrets are looked for (and never shown),
and each venue is asked for its time.

exit codes: 0 nothing failed (there may be warnings), 1 something failed
"""


class Diagnosis(msgspec.Struct, frozen=True):
    """All findings; `ok` where none of them failed."""

    ok: bool
    checks: list[Finding]


def add(parser: argparse.ArgumentParser) -> None:
    """Describe the word."""
    parser.epilog = EPILOG
    parser.add_argument("-c", "--config", metavar="FILE", help="settings, or the name of ready-made ones")
    parser.add_argument("--root", type=Path, metavar="DIR", help="where sessions are kept (default: as settings say)")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(options: argparse.Namespace) -> ExitCode:
    """Carry it out."""
    file = None if options.config is None else config.settings_file(options.config)
    with progress_bar("examining", quiet=options.json) as progress:
        findings = list(examine(file, options.root, progress))
    diagnosis = Diagnosis(all(finding.level is not Level.FAIL for finding in findings), findings)
    if options.json:
        write_json(diagnosis)
    else:
        _tell(diagnosis)
    return ExitCode.OK if diagnosis.ok else ExitCode.INTERNAL


def examine(file: Path | None, root: Path | None, progress: Progress | None = None) -> Iterator[Finding]:
    """Yield every finding; `file` is a settings file, `root` stands in for the one that it names."""
    yield from doctor_python.findings()
    yield from doctor_machine.findings()
    settings = None
    if file is not None:
        finding = settings_finding(file)
        yield finding
        settings = load(file).settings if finding.level is Level.OK else None
    yield from doctor_sessions.findings(root or _root_of(settings), progress)
    metrics = settings.metrics if settings is not None else MetricsSettings()
    yield doctor_machine.metrics_port(metrics.host, metrics.port)
    if settings is not None:
        yield from doctor_venues.secrets_findings(settings)
        yield from doctor_venues.findings(settings)


def settings_finding(file: Path) -> Finding:
    """Judge a settings file and the strategies that it names."""
    report = config.check(file)
    if report.ok:
        return ok("settings", f"{file}: {report.mode}, digest {report.digest[:12]}")
    first, count = config.mistake_text(report.mistakes[0]), len(report.mistakes)
    return fail("settings", first, f"{count} mistake{'' if count == 1 else 's'}: tickerd config check {file}")


def _root_of(settings: Settings | None) -> Path:
    return Path(settings.session.root) if settings is not None else DEFAULT_ROOT


def _tell(diagnosis: Diagnosis) -> None:
    """Write what was found as a table, what to do about it below each finding."""
    columns = (Column(""), Column("check"), Column("found"))
    rows = []
    for each in diagnosis.checks:
        found = f"{each.found}\n-> {each.advice}" if each.advice else each.found
        rows.append((each.level.value.upper(), each.check, found))
    write_table(columns, rows)
    counts = {level: sum(each.level is level for each in diagnosis.checks) for level in Level}
    told = ", ".join(f"{count} {level.value}" for level, count in counts.items() if count)
    write_line(f"{'tickerd works here' if diagnosis.ok else 'tickerd would not work here'}: {told}")
