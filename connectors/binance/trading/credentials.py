"""API keys: held so that no text shows them, and what signs with them.

"HMAC: Signatures generated using HMAC are not case-sensitive"; Ed25519 signatures are base64 and are.
"""

import hashlib
from typing import Protocol

from connectors.errors import ConnectorError

_BLOCK_BYTES = 64  # of SHA-256


class Signer(Protocol):
    """Signs the text of a request."""

    logs_on: bool
    """Whether a session may be logged on with the key: "Only Ed25519 keys are supported for this feature"."""

    def sign(self, payload: bytes) -> str:
        """Return the signature of a request's parameters, as it stands in JSON."""
        ...


class Credentials:
    """An API key and its secret: the HMAC secret's text, or an Ed25519 private key as PEM or as its seed in base64.

    The secret cannot be read back; `repr` and `str` show neither.
    """

    __slots__ = ("_signer", "key")

    def __init__(self, key: str, *, hmac_secret: str = "", ed25519: str = "") -> None:
        """Make the signer. Raises ConnectorError where the secret cannot be one, without showing it."""
        if not key.strip():
            raise ConnectorError("the API key is empty: name the file that holds it in the settings")
        if bool(hmac_secret.strip()) == bool(ed25519.strip()):
            raise ConnectorError("an API key needs either an HMAC secret or an Ed25519 private key, and not both")
        self.key = key.strip()
        self._signer = _signer(hmac_secret.strip(), ed25519)

    @property
    def signer(self) -> Signer:
        """What signs for this key."""
        return self._signer

    def __repr__(self) -> str:
        return "Credentials(***)"

    def __reduce__(self) -> str:
        """Refuse to be pickled or copied into another process."""
        raise TypeError("credentials are not copied: hand the object itself on")


def _signer(hmac_secret: str, ed25519: str) -> Signer:
    """Return what signs. Raises ConnectorError."""
    if hmac_secret:
        return HmacSigner(hmac_secret)
    from connectors.binance.trading.ed25519 import Ed25519Signer

    return Ed25519Signer(ed25519)


class HmacSigner:
    """HMAC-SHA256 (RFC 2104). The key's two blocks are hashed once; each signature starts from copies of them."""

    __slots__ = ("_inner", "_outer")
    logs_on = False

    def __init__(self, secret: str) -> None:
        """Prepare the keyed states: the key padded to a block, or its hash where it is longer, with ipad and opad."""
        key = secret.encode()
        block = (key if len(key) <= _BLOCK_BYTES else hashlib.sha256(key).digest()).ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def sign(self, payload: bytes) -> str:
        """Return the signature in hex."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(payload)
        outer.update(inner.digest())
        return outer.hexdigest()

    def __repr__(self) -> str:
        return "HmacSigner(***)"
