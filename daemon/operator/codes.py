"""The second factor of `arm` and `approve`: codes that change every 30 seconds, from a person's authenticator.

RFC 6238 (TOTP) over RFC 4226 (HOTP): HMAC-SHA-1, six digits, steps of 30 seconds, as authenticator apps do. Who speaks
at the socket may stop trading; to let it go on, or risk more, takes what only a person has (F71).
"""

import base64
import binascii
import hashlib
import hmac
import secrets

from config.secrets import Secret
from daemon.errors import UsageError

STEP_S = 30
DIGITS = 6
SECRET_BYTES = 20
_SECRET_BYTES_MIN = 16
"""RFC 4226: "The length of the shared secret MUST be at least 128 bits. This document RECOMMENDs 160 bits"."""
_STEPS_OFF = 1
"""RFC 6238: "We RECOMMEND that at most one time step is allowed as the network delay", either way for a clock."""
_WRONG_MAX = 5
_WINDOW_S = 60.0


def new_secret() -> str:
    """Return a new secret, in the Base32 of authenticator apps."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def address_of(secret: str, account: str) -> str:
    """Return what an authenticator app takes in, by hand or as a QR code."""
    return f"otpauth://totp/tickerd:{account}?secret={secret}&issuer=tickerd&digits={DIGITS}&period={STEP_S}"


def code_at(key: bytes, step: int) -> str:
    """Return the code of a step: seconds since 1970 over 30."""
    digest = hmac.digest(key, step.to_bytes(8, "big"), hashlib.sha1)
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


class Codes:
    """Says whether a code is the one of now. Each counts once; who guesses has to wait."""

    def __init__(self, name: str, secret: Secret) -> None:
        """Read the secret of this name. Raises UsageError where it is none."""
        text = secret.reveal().replace(" ", "").upper()
        try:
            self._key = base64.b32decode(text + "=" * (-len(text) % 8))
        except binascii.Error as error:
            raise UsageError(
                f"the secret {name} is not Base32 ({error}): make one by `tickerd second-factor`"
            ) from None
        if len(self._key) < _SECRET_BYTES_MIN:
            raise UsageError(
                f"the secret {name} has {len(self._key)} bytes, at least {_SECRET_BYTES_MIN} are wanted: make one by "
                "`tickerd second-factor`"
            )
        self._used = -1  # the last step whose code was taken
        self._wrong_s: list[float] = []  # when codes were wrong lately

    def why_not(self, code: str, now_s: float) -> str:
        """Return why a code does not do at a time, seconds since 1970; empty where it does, which uses it up."""
        self._wrong_s = [at_s for at_s in self._wrong_s if 0 <= now_s - at_s < _WINDOW_S]
        if len(self._wrong_s) >= _WRONG_MAX:
            wait_s = _WINDOW_S - (now_s - self._wrong_s[0])
            return f"{_WRONG_MAX} wrong codes within a minute: none is looked at for another {wait_s:.0f} s"
        if not code:
            return "a code is wanted: say --code and what your authenticator shows"
        present = int(now_s) // STEP_S
        for step in range(present - _STEPS_OFF, present + _STEPS_OFF + 1):
            if hmac.compare_digest(code_at(self._key, step).encode(), code.encode()):
                if step <= self._used:
                    return "the code was used already: wait for the next one"
                self._used = step
                return ""
        self._wrong_s.append(now_s)
        return "the code is wrong: is the clock of this machine, or of the authenticator, off?"
