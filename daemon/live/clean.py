"""Which settings may trade live: those that somebody can name later.

What the environment overrides is in no file, and what is edited but not committed is in no history. Either makes the
answer to "what was it running?" a guess, so live trading refuses both (SEC 34-70694: a repurposed flag on one of eight
servers cost 460 million dollars in 45 minutes). Sessions keep their settings in their head all the same.
"""

import subprocess
from collections.abc import Iterable
from pathlib import Path

from config.digest import decision_config
from config.errors import LiveUnready
from config.load import Config, load
from config.settings import Mode

GIT_TIMEOUT_S = 10.0


def refuse_half_live(config: Config, *, live: bool) -> None:
    """Refuse where settings and command line do not both say "live", or both not. Raises LiveUnready."""
    configured = config.settings.session.mode is Mode.LIVE
    if configured == live:
        return
    place, _ = config.origin.place(("session", "mode"))
    if configured:
        expected, found = "--live on the command line beside mode = live", "no --live"
        hint = "orders would be real: say so in both places"
    else:
        expected, found = 'mode = "live" beside --live', f'mode = "{config.settings.session.mode.value}"'
        hint = "settings made for paper are not traded live: write the mode into the file"
    raise LiveUnready(file=place, key="session.mode", expected=expected, found=found, hint=hint)


def refuse_dirty(config: Config) -> None:
    """Refuse settings of which no file, or no commit, says what they were. Raises LiveUnready."""
    file = Path(config.origin.file)
    if file.is_file():
        as_written = load(file, environ={}).settings
        if decision_config(as_written) != decision_config(config.settings):
            raise LiveUnready(
                file="environment",
                key="TICKERD__...",
                expected="no override of a setting that decides what is traded, in live mode",
                found="one that changes what the file says",
                hint=f"write it into {file}",
            )
    named = [chosen.use.rpartition(":")[0] for chosen in config.settings.strategies]
    files = [file, *(place / name for name in named if name for place in (config.folder, Path()))]
    for path in uncommitted(path for path in files if path.is_file()):
        raise LiveUnready(
            file=str(path),
            key="",
            expected="a file as it was committed, in live mode",
            found="changes that are in no commit",
            hint="commit them, or keep live settings outside of any repository",
        )


def uncommitted(files: Iterable[Path]) -> list[Path]:
    """Return those of the files that lie in a git work tree and differ from its last commit, or are not in it."""
    return [path for path in files if _differs(path.resolve())]


def _differs(path: Path) -> bool:
    """Whether git calls a file changed; not where there is no git, or the file is in no work tree, or ignored."""
    words = ["git", "-C", str(path.parent), "status", "--porcelain", "--", path.name]
    try:
        answer = subprocess.run(words, capture_output=True, timeout=GIT_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False  # no git on this machine: then nobody keeps the file in one either
    return answer.returncode == 0 and bool(answer.stdout.strip())
