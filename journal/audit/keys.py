"""Ed25519 keys: the private one signs and stays with the daemon, the public one lets anybody check and nobody forge."""

import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from journal.errors import KeyRefused

PUBLIC_SUFFIX = ".pub"
_MAX_BYTES = 64 * 1024
_MAKE = "`tickerd audit key FILE` makes a pair"


class SigningKey:
    """A private key; nothing shows it."""

    __slots__ = ("_private", "public")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        """Keep it; `public` is the other half, as hex."""
        self._private = private
        self.public = _hex(private.public_key())

    def sign(self, data: bytes) -> str:
        """Return the signature as hex."""
        return self._private.sign(data).hex()


def signed_by(public: str, data: bytes, signature: str) -> bool:
    """Whether the private half of `public` signed `data`."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), data)
    except (InvalidSignature, ValueError):
        return False
    return True


def load_signing_key(path: Path) -> SigningKey:
    """Return the private key in a PEM file that its owner alone can read. Raises KeyRefused."""
    key = _load(path)
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyRefused(f"{path} holds a public key: it checks, and cannot sign; name the private one")
    return SigningKey(key)


def load_public_key(path: Path) -> str:
    """Return the public half, as hex, of the key in a PEM file, whichever half that is. Raises KeyRefused."""
    key = _load(path)
    return _hex(key.public_key() if isinstance(key, Ed25519PrivateKey) else key)


def make_keys(path: Path) -> str:
    """Make a pair: the private key at `path`, 0600, the public one beside it. Raises KeyRefused, never overwrites."""
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    beside = path.with_name(path.name + PUBLIC_SUFFIX)
    for file, content, mode in ((path, pem, 0o600), (beside, public, 0o644)):
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        except FileExistsError:
            raise KeyRefused(f"{file} is there already: what it signed is checked with it, so it stays") from None
        except OSError as error:
            raise KeyRefused(f"cannot write {file}: {error}") from error
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(descriptor)
    return _hex(private.public_key())


def _load(path: Path) -> Ed25519PrivateKey | Ed25519PublicKey:
    """Return either half. Raises KeyRefused."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(_MAX_BYTES)
    except OSError as error:
        raise KeyRefused(f"cannot read the key {path}: {error.strerror or error}; {_MAKE}") from error
    try:
        key = load_pem_private_key(content, None) if b"PRIVATE KEY" in content else load_pem_public_key(content)
    except (ValueError, TypeError) as error:  # TypeError: the key is encrypted
        raise KeyRefused(f"{path} holds no key that can be read without a password; {_MAKE}") from error
    if not isinstance(key, Ed25519PrivateKey | Ed25519PublicKey):
        raise KeyRefused(f"{path} holds a key of another kind than Ed25519; {_MAKE}")
    if isinstance(key, Ed25519PrivateKey) and mode & 0o077:
        raise KeyRefused(f"{path} can be read by others (mode {mode:04o}): whoever has it can sign; chmod 600 {path}")
    return key


def _hex(public: Ed25519PublicKey) -> str:
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
