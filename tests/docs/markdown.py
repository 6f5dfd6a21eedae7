"""The project's documents as the tests read them: fenced blocks, links, words in backticks, headings."""

import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_CODE = re.compile(r"(?<!`)`(?P<code>[^`]+)`(?!`)")
_HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    language: str
    text: str


@dataclass(frozen=True)
class Document:
    """One markdown file; `path` is relative to the root."""

    path: Path
    text: str

    def __str__(self) -> str:
        return str(self.path)

    @cached_property
    def blocks(self) -> list[Block]:
        return [Block(found["language"], found["text"]) for found in _FENCE.finditer(self.text)]

    @cached_property
    def prose(self) -> str:
        """The text without its fenced blocks, each paragraph's line breaks as they are."""
        return _FENCE.sub("", self.text)

    @property
    def links(self) -> list[str]:
        return [found["target"] for found in _LINK.finditer(self.prose)]

    @property
    def codes(self) -> list[str]:
        """What stands in backticks, on one line each."""
        return [" ".join(found["code"].split()) for found in _CODE.finditer(self.prose)]

    @property
    def anchors(self) -> set[str]:
        """What a link's `#...` may name, made from the headings as GitHub makes it."""
        titles = (found["title"].lower() for found in _HEADING.finditer(self.prose))
        return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}

    @property
    def lines_of_shell(self) -> list[str]:
        """The commands in shell blocks, without comments and prompts."""
        shell = (block.text for block in self.blocks if block.language == "sh")
        plain = (block.text for block in self.blocks if not block.language and block.text.startswith("tickerd "))
        lines = (line.partition("  #")[0].strip() for text in (*shell, *plain) for line in text.splitlines())
        return [line for line in lines if line and not line.startswith("#")]


def document(path: str) -> Document:
    return Document(Path(path), (ROOT / path).read_text(encoding="utf-8"))


def documents() -> list[Document]:
    """Every markdown file that belongs to the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [document(path) for path in listed.stdout.splitlines() if (ROOT / path).is_file()]
