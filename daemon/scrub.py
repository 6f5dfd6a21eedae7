"""Keeps secrets out of everything that is logged: by the name they go under, by the place they stand in, by value.

Three nets, because each has holes. Names: the value of a key called `api_key` or `signature` is masked whatever it is.
Places: `signature=...` in a URL, `Authorization: ...` in a header, `"secret": "..."` in JSON, within any text. Values:
a secret that was registered is masked wherever it stands, also quoted, escaped, or only the beginning of it, for people
log the first characters of a key in good faith.
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"
TEXT_MAX = 16_384
DEPTH_MAX = 8
ITEMS_MAX = 1_000
_HEAD = 8  # how much of a secret gives it away

_NAMES = (
    "api[-_ ]?key",
    "secret",
    "signature",
    "token",
    "authorization",
    "pass(?:phrase|word|wd)",
    "private[-_ ]?key",
    "listen[-_ ]?key",
    "cookie",
    "credential",
)
_NAME = re.compile("|".join(_NAMES), re.IGNORECASE)
# A word that holds such a name, what leads to its value, and the value: quoted, or what follows `Bearer`, or a word.
# Every repetition is bounded or anchored at a word's start, so that a frame of ten megabytes takes linear time.
_PLACE = re.compile(
    r"(?P<lead>(?<![\w-])[\w-]{0,40}?(?:" + "|".join(_NAMES) + r")[\w-]{0,40}"
    r"(?:\\?[\"']\s{0,4}[:,=]|\s{0,4}[:=]|%3[Dd])\s{0,4})"
    r"(?P<value>b?\\?\"(?:[^\"\\]|\\.)*+\\?\"?|b?\\?'(?:[^'\\]|\\.)*+\\?'?"
    r"|(?:Bearer|Basic|Digest|Token)\s+[^\s\"',;]+|[^\s&\"',;)}\]]+)",
    re.IGNORECASE | re.DOTALL,
)
_LINE = re.compile(r"(?P<lead>(?:authorization|cookie)\s{0,4}:\s{0,4})(?![\s\"'])[^\r\n]+", re.IGNORECASE)
_PEM = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}-----|\Z)", re.DOTALL)
_USER = re.compile(r"(?<=://)[^\s/@:]{1,256}:[^\s/@]{1,256}@")


class Scrubber:
    """Masks secrets in text and in whatever holds text."""

    def __init__(self) -> None:
        """Know no value yet; names and places are masked from the start."""
        self._values: dict[str, list[str]] = {}  # by their beginning, which is what text is searched for

    def register(self, secret: str) -> None:
        """Mask `secret` from now on, in every form in which it is likely to be written."""
        if not secret:
            return
        forms = {
            secret,
            quote(secret, safe=""),
            quote(secret),
            quote_plus(secret),
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
            repr(secret)[1:-1],
            base64.b64encode(secret.encode()).decode(),
        }
        for form in sorted(forms):
            forms_alike = self._values.setdefault(form[:_HEAD], [])
            if form not in forms_alike:
                forms_alike.append(form)

    def text(self, text: str) -> str:
        """Return text without secrets, of long ones 16 Ki characters."""
        # Values first: cutting or masking by place may leave a part of one that is no longer recognised.
        text = _cut(self.without_values(text))
        text = _PEM.sub(MASK, text)
        text = _LINE.sub(rf"\g<lead>{MASK}", text)
        text = _PLACE.sub(rf"\g<lead>{MASK}", text)
        return _USER.sub(f"{MASK}@", text)

    def value(self, value: object, depth: int = 0) -> object:
        """Return plain data without secrets: numbers as they are, containers item by item, all else as its text."""
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, int):
            return int(value) if abs(value) < 1 << 63 else str(int(value))  # JSON readers stop at 64 bits
        if isinstance(value, str):
            return self.text(str(value))
        if isinstance(value, bytes | bytearray | memoryview):
            return self.text(bytes(value).decode("utf-8", "backslashreplace"))
        if depth < DEPTH_MAX:
            if isinstance(value, Mapping):
                return self.fields(dict(list(value.items())[:ITEMS_MAX]), depth + 1)
            if isinstance(value, list | tuple | set | frozenset):
                return [self.value(item, depth + 1) for item in list(value)[:ITEMS_MAX]]
        return self.text(_text_of(value))

    def fields(self, fields: Mapping[Any, object], depth: int = 0) -> dict[str, object]:
        """Return fields without secrets, those that go by a secret's name masked whole."""
        return {
            self.text(name): MASK if _NAME.search(name) else self.value(value, depth)
            for key, value in fields.items()
            for name in [key if isinstance(key, str) else _text_of(key)]
        }

    def without_values(self, text: str) -> str:
        """Mask every registered value, and whatever begins like one for as long as it goes on like it."""
        for head, forms in self._values.items():
            parts, done, start = [], 0, text.find(head)
            while start >= 0:
                length = max(_alike(text, start, form) for form in forms)
                parts += [text[done:start], MASK]
                done = start + length
                start = text.find(head, done)
            if parts:
                text = "".join([*parts, text[done:]])
        return text


def _alike(text: str, start: int, form: str) -> int:
    """Return how many characters of `form` stand in `text` from `start` on."""
    if text.startswith(form, start):
        return len(form)
    pairs = zip(form, text[start : start + len(form)], strict=False)
    return next((number for number, (one, other) in enumerate(pairs) if one != other), len(text) - start)


def _cut(text: str) -> str:
    """Return the beginning and the end of a long text, a traceback's last line above all.

    The end starts with a whole word: the rest of one might be a secret whose name was cut away.
    """
    if len(text) <= TEXT_MAX:
        return text
    end = re.sub(r"\A\S*", "", text[-TEXT_MAX // 2 :])
    return f"{text[: TEXT_MAX // 2]}... ({len(text):,} characters) ...{end}"


def _text_of(value: object) -> str:
    """Return an object's text; one whose own method raises must not lose the line that it is in."""
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - it may be anything, and the reader is told
        return f"<{type(value).__name__} whose repr raised {type(error).__name__}>"
