"""API keys: whose they are, what they may do, and whether a signature is theirs. No I/O.

Source: https://developers.binance.com/docs/binance-spot-api-docs/faqs/api_key_types
"""

import base64
import binascii
import enum
import hashlib
import hmac
from collections.abc import Iterable

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from connectors.embedded.errors import SettingsError

_PEM_HEAD = "-----BEGIN PUBLIC KEY-----"


class Permission(enum.StrEnum):
    """What a key may do besides reading its account."""

    USER_DATA = "USER_DATA"
    TRADE = "TRADE"
    FUTURES = "FUTURES"
    WITHDRAW = "WITHDRAW"


TRADING = (Permission.USER_DATA, Permission.TRADE, Permission.FUTURES)


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key of one account: it signs with `secret` (HMAC-SHA256), or with what `public_key` belongs to (Ed25519)."""

    key: str
    account: str
    secret: str = ""
    public_key: str = ""  # PEM
    permissions: tuple[Permission, ...] = TRADING
    addresses: tuple[str, ...] = ()  # the only ones that it may come from; empty: any
    created_ms: int = 0

    def may(self, permission: Permission) -> bool:
        """Return whether the key has a right."""
        return permission in self.permissions


class KeyStore:
    """All keys by their text."""

    def __init__(self, keys: Iterable[ApiKey] = ()) -> None:
        """Hold some keys; raises SettingsError as `add` does."""
        self._keys: dict[str, ApiKey] = {}
        self._public: dict[str, Ed25519PublicKey] = {}
        for key in keys:
            self.add(key)

    @property
    def all(self) -> tuple[ApiKey, ...]:
        """Every key, in the order added."""
        return tuple(self._keys.values())

    def add(self, key: ApiKey) -> None:
        """Add a key, or replace the one of the same text. Raises SettingsError if it could never sign."""
        if bool(key.secret) == bool(key.public_key):
            raise SettingsError(f"API key {key.key!r} needs either a secret (HMAC) or a public key (Ed25519), not both")
        if key.public_key:
            self._public[key.key] = _load(key)
        self._keys[key.key] = key

    def find(self, key: str) -> ApiKey | None:
        """Return the key of this text, or None."""
        return self._keys.get(key)

    def is_ed25519(self, key: ApiKey) -> bool:
        """Return whether the key may log a session on: the venue lets only Ed25519 keys."""
        return key.key in self._public

    def verifies(self, key: ApiKey, payload: str, signature: str) -> bool:
        """Return whether `signature` (hex of HMAC-SHA256, base64 of Ed25519) is the key's for the payload."""
        public = self._public.get(key.key)
        if public is None:
            expected = hmac.new(key.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
            return hmac.compare_digest(expected.encode(), signature.lower().encode())
        try:
            public.verify(base64.b64decode(signature, validate=True), payload.encode())
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def _load(key: ApiKey) -> Ed25519PublicKey:
    text = key.public_key.strip()
    if not text.startswith(_PEM_HEAD):
        text = f"{_PEM_HEAD}\n{text}\n-----END PUBLIC KEY-----"
    try:
        public = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SettingsError(f"the public key of API key {key.key!r} is no PEM public key: {error}") from error
    if not isinstance(public, Ed25519PublicKey):
        raise SettingsError(f"the public key of API key {key.key!r} is not Ed25519; make one with openssl genpkey")
    return public
