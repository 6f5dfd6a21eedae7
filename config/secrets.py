"""Secrets: read from a file, a systemd credential or the environment, never from TOML; printed as `***` everywhere."""

import hmac
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from config.errors import SecretExposed, SecretMissing

MASK = "***"
PREFIX = "TICKERD_SECRET_"
_NOT_IN_NAMES = re.compile(r"[^A-Z0-9]+")
_MAX_BYTES = 64 * 1024


class Secret:
    """Text that no log, error, dump or pickle shows. `reveal` is the one way to it: call it where it is used."""

    __slots__ = ("__text",)

    def __init__(self, text: str) -> None:
        """Keep `text`; leave no other reference to it where avoidable."""
        self.__text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self.__text

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self.__text)

    def __eq__(self, other: object) -> bool:
        """Compare in constant time, so that how long it takes says nothing."""
        return isinstance(other, Secret) and hmac.compare_digest(self.__text.encode(), other.__text.encode())

    __hash__ = None  # type: ignore[assignment]  # a hash is a fingerprint, and nothing needs it

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled: read it again where it is needed")


def read_secret(name: str, environ: Mapping[str, str] | None = None) -> Secret:
    """Return the secret `name`, such as `binance-api-key`, from the first place that has it.

    In order: the systemd credential `$CREDENTIALS_DIRECTORY/NAME`, the file that `$TICKERD_SECRET_NAME_FILE` names,
    `$TICKERD_SECRET_NAME`. A newline at the end is not part of it.
    Raises SecretMissing naming the places, SecretExposed where other users can read the file.
    """
    environ = os.environ if environ is None else environ
    variable = PREFIX + _NOT_IN_NAMES.sub("_", name.upper())
    credentials, named = environ.get("CREDENTIALS_DIRECTORY"), environ.get(f"{variable}_FILE")
    if credentials and (credential := Path(credentials) / name).exists():
        return read_secret_file(credential, name)
    if named:
        return read_secret_file(Path(named), name)
    if text := environ.get(variable):
        return Secret(text)
    expected = f"a systemd credential {name}, a file named by {variable}_FILE, or {variable} itself"
    raise SecretMissing(file="secrets", key=name, expected=expected, found="none of them")


def read_secret_file(file: Path, name: str) -> Secret:
    """Return the secret that a file holds. Raises SecretMissing, SecretExposed."""
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            content = opened.read(_MAX_BYTES)
        text = content.decode().rstrip("\r\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"  # never its bytes
        raise SecretMissing(file=str(file), key=name, expected="a readable file", found=str(reason)) from None
    if mode & stat.S_IRWXO:
        expected, found = "a file that only its owner or group can read", f"mode {stat.S_IMODE(mode):04o}"
        raise SecretExposed(file=str(file), key=name, expected=expected, found=found, hint=f"chmod 600 {file}")
    if not text:
        raise SecretMissing(file=str(file), key=name, expected="a secret", found="an empty file")
    return Secret(text)
