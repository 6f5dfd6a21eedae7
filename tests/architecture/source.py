"""What the tidy rules read: the repository's files, and findings with the markers that excuse them."""

import ast
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]

# Product packages, from the words up to the process; a new one is added here and in pyproject.toml.
PACKAGES = ("core", "oms", "risk", "strategies", "engine", "journal", "connectors", "config", "daemon", "research")
PURE_PACKAGES = frozenset({"core", "oms", "risk", "strategies", "engine"})

_MARKER = re.compile(r"#\s*tidy:\s*allow\s+(?P<rule>[\w-]+)(?:\s+because\s+(?P<reason>\S.*))?")


@dataclass(frozen=True, order=True)
class Finding:
    """One breach of one rule. `line` counts from 1; `message` ends with what to write instead."""

    line: int
    rule: str
    message: str


@dataclass(frozen=True)
class Source:
    """One Python file: `path` relative to the root, with forward slashes, and its syntax tree."""

    path: PurePosixPath
    text: str
    tree: ast.Module

    @classmethod
    def of(cls, path: str, text: str) -> "Source":
        return cls(PurePosixPath(path), text, ast.parse(text, filename=path))

    @property
    def package(self) -> str:
        """The top-level package (or folder) that the file is in."""
        return self.path.parts[0]

    @property
    def is_product(self) -> bool:
        return self.package in PACKAGES

    @property
    def is_pure(self) -> bool:
        """Whether the same input must give the same output: pure packages, the simulated venue, sessions."""
        parts = self.path.parts
        if parts[0] in PURE_PACKAGES:
            return True
        return parts[0] == "connectors" and (parts[1] == "sim" or parts[-1] == "session.py")


@dataclass(frozen=True)
class Marker:
    """A justified exception: the comment `tidy: allow RULE because REASON` on the line or above it."""

    line: int
    rule: str
    reason: str | None


def markers(text: str) -> list[Marker]:
    """Return the markers of a file, in order."""
    return [
        Marker(number, match["rule"], match["reason"])
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := _MARKER.search(line))
    ]


def excuse(text: str, findings: Iterable[Finding], known_rules: Iterable[str]) -> list[Finding]:
    """Drop the findings that a marker excuses; add one for every marker without reason, rule or effect."""
    found = sorted(set(findings))
    known = sorted(known_rules)
    kept = list(found)
    for marker in markers(text):
        excused = [f for f in found if f.rule == marker.rule and f.line in (marker.line, marker.line + 1)]
        if marker.rule not in known:
            problem = f"no rule is called {marker.rule!r}; there are: {', '.join(known)}"
        elif marker.reason is None:
            problem = f"say why: # tidy: allow {marker.rule} because <reason>"
        elif not excused:
            problem = f"nothing here breaks {marker.rule}: remove the marker"
        else:
            kept = [f for f in kept if f not in excused]
            continue
        kept.append(Finding(marker.line, "marker", problem))
    return sorted(kept)


def project_files() -> list[PurePosixPath]:
    """Return the files that git tracks or would track; without git, all but what tools made."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        names = {name for name in listed.stdout.split("\0") if name}
    else:
        names = {str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if _kept(path.relative_to(ROOT))}
    return sorted(PurePosixPath(name) for name in names if (ROOT / name).is_file())


def _kept(path: Path) -> bool:
    made_by_tools = {"__pycache__", ".venv", "build", "dist", "var", ".git"}
    return not any(part in made_by_tools or part.endswith(("_cache", ".egg-info")) for part in path.parts)


def python_sources() -> Iterator[Source]:
    """Yield every Python file of the project."""
    for path in project_files():
        if path.suffix == ".py":
            yield Source.of(str(path), (ROOT / path).read_text(encoding="utf-8"))
