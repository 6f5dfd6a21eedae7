"""Which settings may trade live: those that somebody can name later.

What the environment overrides is in no file, and what is edited but not committed is in no history. Either makes the
answer to "what was it running?" a guess, so live trading refuses both (SEC 34-70694: a repurposed flag on one of eight
servers cost 460 million dollars in 45 minutes). Sessions keep their settings in their head all the same.
"""

import subprocess
from pathlib import Path

from config.digest import decision_config
from config.errors import LiveUnready
from config.load import Config, load
from config.settings import Mode
from config.strategies import load_strategies

GIT_TIMEOUT_S = 10.0
_OUTSIDE = "keep live settings outside of any repository"


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
    """Refuse settings and strategies of which no file, or no commit, says what they were. Raises ConfigError."""
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
    for loaded in load_strategies(config).values():
        files += [Path(each.file) for each in loaded.imported]
    for path in dict.fromkeys(path.resolve() for path in files if path.is_file()):
        _refuse_uncommitted(path)


def _refuse_uncommitted(path: Path) -> None:
    """Refuse a file in a git work tree that is not as it was committed, or of which git cannot tell."""
    found, hint = _fault(path)
    if found:
        raise LiveUnready(
            file=str(path), key="", expected="a file as it was committed, in live mode", found=found, hint=hint
        )


def _fault(path: Path) -> tuple[str, str]:
    """Return what is wrong with a file and what to do about it, both empty where nothing is."""
    tree = next((folder for folder in path.parents if (folder / ".git").exists()), None)
    if tree is None:
        return "", ""
    # A tree of another user's is asked, too ("dubious ownership" otherwise), and runs no program of its own for it.
    trusting = ["-c", f"safe.directory={tree}", "-c", "core.fsmonitor=false"]
    words = ["git", *trusting, "-C", str(path.parent), "status", "--porcelain", "--ignored", "--", path.name]
    try:
        answer = subprocess.run(words, capture_output=True, text=True, timeout=GIT_TIMEOUT_S, check=False)
    except OSError as error:
        return f"a git work tree at {tree} and no git to ask ({error.strerror})", f"install git, or {_OUTSIDE}"
    except subprocess.TimeoutExpired:
        return f"no answer of git within {GIT_TIMEOUT_S:g} s", f"see why `git status` in {tree} takes so long"
    if answer.returncode:
        said = (answer.stderr.strip().splitlines() or [f"exit status {answer.returncode}"])[0]
        return f"git cannot tell: {said}", f"make `git status` work in {tree}, or {_OUTSIDE}"
    if answer.stdout.startswith("!!"):
        return "a file that git ignores, so no commit has it", f"let git keep it, or {_OUTSIDE}"
    return ("changes that are in no commit", f"commit them, or {_OUTSIDE}") if answer.stdout.strip() else ("", "")
