"""What the keys of `tickerd top` do: a key begins a command, its scope and reason are asked for, `y` sends it. Pure."""

from typing import NamedTuple

import msgspec

from daemon.operator.client import request
from daemon.operator.messages import Request

WORDS = {"k": "kill", "h": "halt", "f": "flatten", "p": "pause", "r": "resume", "a": "arm"}
OF_STRATEGY = frozenset(("pause", "resume"))
NEEDS_REASON = frozenset(("arm",))
QUIT = "q"
TYPED_MAX = 200
_BACK, _ENTER, _ESCAPE = "\x7f\b", "\r\n", "\x1b"


class Prompt(msgspec.Struct, frozen=True):
    """A command that is being asked for: its scope first, then the reason, then whether it is meant."""

    word: str
    typed: str = ""
    scope: str | None = None
    reason: str | None = None
    wrong: str = ""

    @property
    def question(self) -> str:
        """What is asked now."""
        if self.scope is None:
            what = "strategy" if self.word in OF_STRATEGY else "scope [all]"
            return f"{self.word}: {what}"
        if self.reason is None:
            return f"{self.word} {self.scope}: reason"
        return f"{self.word} {self.scope}, {self.reason or 'no reason'}: y sends it, any other key does not"


class Pressed(NamedTuple):
    """What came of a key."""

    prompt: Prompt | None = None
    send: Request | None = None
    quits: bool = False


def press(prompt: Prompt | None, key: str) -> Pressed:
    """Return what a key does."""
    if prompt is None:
        if key == QUIT:
            return Pressed(quits=True)
        return Pressed(Prompt(WORDS[key])) if key in WORDS else Pressed()
    if key == _ESCAPE:
        return Pressed()
    if prompt.scope is not None and prompt.reason is not None:
        return Pressed(send=_request(prompt)) if key == "y" else Pressed()
    if key in _ENTER:
        return Pressed(_entered(prompt))
    if key in _BACK:
        return Pressed(msgspec.structs.replace(prompt, typed=prompt.typed[:-1]))
    if key.isprintable() and len(prompt.typed) < TYPED_MAX:
        return Pressed(msgspec.structs.replace(prompt, typed=prompt.typed + key, wrong=""))
    return Pressed(prompt)


def keys_of(data: bytes) -> list[str]:
    """Return the keys of what a terminal sent; arrows and their like, which come as sequences, are left out."""
    text, keys, at = data.decode("utf-8", "ignore"), [], 0
    while at < len(text):
        if text[at] == _ESCAPE and at + 1 < len(text) and text[at + 1] in "[O":
            at += 2
            while at < len(text) and not "@" <= text[at] <= "~":
                at += 1
        else:
            keys.append(text[at])
        at += 1
    return keys


def _entered(prompt: Prompt) -> Prompt:
    """Take what was typed, where it is an answer."""
    typed = prompt.typed.strip()
    if prompt.scope is None:
        if not typed and prompt.word in OF_STRATEGY:
            return msgspec.structs.replace(prompt, wrong="name a strategy")
        return msgspec.structs.replace(prompt, scope=typed or "all", typed="", wrong="")
    if not typed and prompt.word in NEEDS_REASON:
        return msgspec.structs.replace(prompt, wrong="say why it is safe to go on")
    return msgspec.structs.replace(prompt, reason=typed, typed="", wrong="")


def _request(prompt: Prompt) -> Request:
    """Return what is sent."""
    scope, reason = prompt.scope or "", prompt.reason or ""
    if prompt.word in OF_STRATEGY:
        return request(prompt.word, strategy=scope.removeprefix("strategy:"), reason=reason)
    return request(prompt.word, scope=scope, reason=reason)
