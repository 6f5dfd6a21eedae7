"""Signatures by Ed25519: apart, so that who signs by HMAC loads no library for it (7 MB of the guard's memory)."""

import base64
import binascii

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from connectors.errors import ConnectorError

_SEED_BYTES = 32


class Ed25519Signer:
    """Ed25519, as RFC 8032 has it."""

    __slots__ = ("_key",)
    logs_on = True

    def __init__(self, secret: str) -> None:
        """Read a PEM (PKCS #8) or a seed of 32 bytes in base64. Raises ConnectorError, without showing it."""
        self._key = _read_private(secret.strip())

    def sign(self, payload: bytes) -> str:
        """Return the signature in base64."""
        return base64.b64encode(self._key.sign(payload)).decode()

    def __repr__(self) -> str:
        return "Ed25519Signer(***)"


def _read_private(secret: str) -> Ed25519PrivateKey:
    """Return the private key. Raises ConnectorError."""
    advice = "make one with: openssl genpkey -algorithm ed25519 -out key.pem"
    try:
        if not secret.startswith("-----BEGIN"):
            seed = base64.b64decode(secret, validate=True)
            if len(seed) != _SEED_BYTES:
                raise ConnectorError(f"an Ed25519 seed is 32 bytes in base64; {advice}")
            return Ed25519PrivateKey.from_private_bytes(seed)
        key = load_pem_private_key(secret.encode(), password=None)
    except (ValueError, TypeError, binascii.Error, UnsupportedAlgorithm):
        # What was raised may quote the key.
        raise ConnectorError(f"the private key of the API key cannot be read; {advice}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ConnectorError(f"the private key of the API key is not Ed25519; {advice}")
    return key
