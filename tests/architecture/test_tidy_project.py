"""The tidy rules over the whole project. Each failure names the place and what to write instead."""

import tomllib
from collections.abc import Iterable
from pathlib import PurePosixPath

from tests.architecture import rules, shape, text
from tests.architecture.source import (
    PACKAGES,
    PURE_PACKAGES,
    ROOT,
    Finding,
    Source,
    excuse,
    project_files,
    python_sources,
)

# The tests of the rules hold snippets that break them.
_SNIPPETS = PurePosixPath("tests/architecture/test_tidy_rules.py")


def report(path: PurePosixPath, findings: Iterable[Finding]) -> list[str]:
    return [f"{path}:{finding.line}: {finding.message} [{finding.rule}]" for finding in findings]


def judge(source: Source) -> list[str]:
    return report(source.path, excuse(source.text, rules.findings(source), rules.NAMES))


def fail_with(problems: list[str]) -> None:
    assert not problems, "\n" + "\n".join(problems)


def pyproject_text() -> str:
    return (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_python_files_keep_the_house_rules() -> None:
    fail_with([problem for source in python_sources() if source.path != _SNIPPETS for problem in judge(source)])


def test_each_folder_keeps_its_errors_in_one_file() -> None:
    fail_with([line for path, found in shape.scattered_errors(python_sources()) for line in report(path, [found])])


def test_no_file_names_a_path_of_one_machine() -> None:
    problems = []
    for path in project_files():
        try:
            content = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a golden journal
        problems += report(path, text.machine_paths(content))
    fail_with(problems)


def test_every_dependency_says_why_it_is_here() -> None:
    fail_with(report(PurePosixPath("pyproject.toml"), text.dependency_reasons(pyproject_text())))


def test_the_lock_is_exact_and_hashed_and_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")

    fail_with(report(PurePosixPath("requirements.lock"), text.lock_lines(lock)))


def test_the_lock_covers_every_dependency() -> None:
    project = tomllib.loads(pyproject_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {line.partition("==")[0] for line in lock.splitlines() if "==" in line}

    missing = {name for name in map(bare_name, wanted) if name not in locked}
    assert not missing, f"not in requirements.lock, run make lock: {sorted(missing)}"


def bare_name(requirement: str) -> str:
    return "".join(c if c.isalnum() or c == "-" else " " for c in requirement).split()[0]


def test_every_package_is_known_to_tidy_to_the_layers_and_to_the_build() -> None:
    found = {path.parts[0] for path in project_files() if len(path.parts) == 2 and path.name == "__init__.py"}
    settings = tomllib.loads(pyproject_text())["tool"]
    built = {name for name in settings["setuptools"]["packages"]["find"]["include"] if "." not in name}

    assert found == set(PACKAGES), "name a new package in tests/architecture/source.py"
    assert found == set(settings["importlinter"]["root_packages"]), "name it in pyproject.toml, [tool.importlinter]"
    assert found == built, "name it in pyproject.toml, [tool.setuptools.packages.find]"
    assert found >= PURE_PACKAGES


def test_every_package_folder_has_an_init_file() -> None:
    files = set(project_files())
    folders = {path.parent for path in files if path.suffix == ".py" and path.parts[0] in PACKAGES}

    fail_with([f"{folder}/ has no __init__.py" for folder in sorted(folders) if folder / "__init__.py" not in files])
