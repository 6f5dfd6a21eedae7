"""What every document says exists: links, files, make words, command lines, settings, environment variables."""

import ast
import contextlib
import io
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.load import parse
from daemon.cli import parser
from daemon.commands.journal import ACTIONS
from daemon.words import words_for
from tests.architecture.source import PACKAGES, project_files
from tests.docs.markdown import ROOT, Document, documents

DOCUMENTS = documents()
WORDS = words_for(None)
EACH = pytest.mark.parametrize("document", DOCUMENTS, ids=str)

# What a document may name without its being in the repository: the user's own files, sessions, another package's.
NOT_OURS = re.compile(r"^(my/|var/|\.venv|\.\./|bench\.json$|\d{6}\.tkj|.*[*<…]|/)")
LOOKS_LIKE_A_PATH = re.compile(r"^[\w.-]+(/[\w.-]+)*/?$")
SUFFIXES = (".py", ".md", ".toml", ".svg", ".json", ".lock")
TOP = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}


def command_lines(text: str) -> list[str]:
    """The lines of a settings file's comments or of a help text that begin with `tickerd`."""
    found = re.findall(r"^(?:#? {2,}|    )((?:TICKERD__\S+ )?tickerd .*)$", text, re.MULTILINE)
    return [re.split(r" {3,}|  #", line)[0] for line in found]


def help_of(*words: str) -> str:
    """What `tickerd WORDS --help` prints. Fails where that is no word."""
    with io.StringIO() as out, contextlib.redirect_stdout(out):
        with pytest.raises(SystemExit) as told:
            parser(words[0] if words else None).parse_args([*words, "--help"])
        assert told.value.code == 0, words
        return out.getvalue()


def shown_lines() -> dict[str, str]:
    """Every whole command line that is shown anywhere, and where."""
    lines = {line: str(document) for document in DOCUMENTS for line in document.lines_of_shell}
    for path in sorted((ROOT / "config").glob("*.toml")):
        text = path.read_text(encoding="utf-8")
        lines |= dict.fromkeys([*command_lines(text), *re.findall("`(tickerd [^`]+)`", text)], str(path))
    for words in [(word,) for word in WORDS] + [("journal", action) for action in ACTIONS]:
        lines |= dict.fromkeys(command_lines(help_of(*words)), f"tickerd {' '.join(words)} --help")
    return lines


def is_path(code: str, document: Document) -> bool:
    """Whether a word in backticks means a file or folder of the repository."""
    if NOT_OURS.match(code) or not LOOKS_LIKE_A_PATH.match(code):
        return False
    first, slash, _ = code.partition("/")
    inside = slash and (first in TOP or (ROOT / document.path.parent / first).is_dir())
    return bool(inside) or code.endswith(SUFFIXES)


def places(code: str, document: Document) -> Iterator[Path]:
    """Where a file named in a document may be: from the root, beside the document, or, by name alone, anywhere."""
    beside = ROOT / document.path.parent
    yield from (ROOT / code, beside / code)
    yield from (folder / code for folder in beside.iterdir() if folder.is_dir())
    if "/" not in code:
        yield from (found for folder in PACKAGES for found in (ROOT / folder).rglob(code))


@EACH
def test_every_link_leads_somewhere(document):
    for target in document.links:
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        found = (ROOT / document.path.parent / path).resolve() if path else ROOT / document.path
        assert found.exists(), f"{document} links to {target}"
        if anchor:
            (other,) = [each for each in DOCUMENTS if (ROOT / each.path).resolve() == found]
            assert anchor in other.anchors, f"{document} links to {target}"


@EACH
def test_every_file_in_backticks_exists(document):
    for code in document.codes:
        path = code.partition(":")[0]
        if is_path(path, document):
            assert any(place.exists() for place in places(path, document)), f"{document} names {code}"


@EACH
def test_every_make_word_is_in_make_help(document):
    listed = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    known = {line.split()[1] for line in listed.splitlines()}
    for code in [*document.codes, *document.lines_of_shell]:
        if found := re.match(r"(?:[A-Z_]+=\S+ )?make ([a-z]+)", code):
            assert found[1] in known, f"{document} says {code}"
            for variable in re.findall(r" ([A-Z]+)=", code):
                assert f"$({variable})" in (ROOT / "Makefile").read_text(encoding="utf-8"), f"{document} says {code}"


@pytest.mark.parametrize(("line", "place"), shown_lines().items())
def test_every_command_line_that_is_shown_can_be_said(line, place):
    words = [word for word in shlex.split(line, comments=True) if not re.match(r"[A-Z_]+=", word)]
    if words[0] == "make":
        subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, capture_output=True, check=True)
    elif words[0] in {"tickerd", ".venv/bin/tickerd"}:
        if ">" in words:
            words = words[: words.index(">")]
        word = next(word for word in words[1:] if word in WORDS)
        parser(word).parse_args(words[1:])  # ends the process where it is wrong
    else:
        assert words[0] in {".", "curl", "pipx"}, f"{place} shows {line}: no test looks at such a line"


@EACH
def test_every_tickerd_word_and_option_in_backticks_exists(document):
    for code in document.codes:
        for line in alternatives(code):
            words = line.split()
            if words[:1] != ["tickerd"] or len(words) == 1:
                continue
            if words[1].startswith("--"):
                words.insert(1, "")
            said = help_of(*[word for word in words[1:3] if word.isalpha() and word.islower()])
            assert all(word in said for word in words if word.startswith("--")), f"{document} says {code}"


def alternatives(code: str) -> list[str]:
    """`tickerd journal ls|show` is two lines; optional parts are taken as said."""
    plain = re.sub(r"[\[\]…]|\.\.\.", "", code)
    found = re.search(r"\b[\w-]+(?:\|[\w-]+)+\b", plain)
    if found is None:
        return [plain]
    return [plain.replace(found[0], choice, 1) for choice in found[0].split("|")]


@EACH
def test_every_settings_block_is_taken(document):
    for block in document.blocks:
        if block.language == "toml":
            parse(block.text)


@EACH
def test_every_python_block_compiles_and_imports_what_exists(document):
    for block in document.blocks:
        if block.language != "python":
            continue
        tree = compile(block.text, str(document), "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        imports: list[ast.stmt] = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        exec(compile(ast.Module(imports, []), str(document), "exec"), {})


@EACH
def test_every_environment_variable_is_read_somewhere(document):
    sources = [ROOT / path for path in project_files() if path.suffix == ".py" or path.name == "Makefile"]
    for name in set(re.findall(r"\bTICKERD_[A-Z]\w*", document.text)):
        assert any(name in path.read_text(encoding="utf-8") for path in sources), f"{document} names {name}"


def test_the_decisions_are_numbered_without_a_gap_and_the_architecture_lists_them_all():
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "adr").glob("*.md"))]
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8").partition("## Decisions")[2]

    assert numbers == list(range(1, len(numbers) + 1))
    assert [int(number) for number in re.findall(r"\((\d+)\)", text)] == numbers
