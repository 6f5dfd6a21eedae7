"""Listen keys: who may hear an account's private stream, and for how long. No I/O.

"A User Data Stream listenKey is valid for 60 minutes after creation. Doing a PUT on a listenKey will extend its
validity for 60 minutes. [...] Doing a POST on an account with an active listenKey will return the currently active
listenKey and extend its validity for 60 minutes."
"""

import hashlib

import msgspec

from connectors.embedded.exchange.usdm import refusals


class ListenKey(msgspec.Struct, gc=False):
    """One key."""

    text: str
    account: str
    until_ms: int


class ListenKeys:
    """The active key of every account that has one."""

    def __init__(self, life_ms: int) -> None:
        """Let keys live that long."""
        self._life_ms = life_ms
        self._by_account: dict[str, ListenKey] = {}
        self._by_text: dict[str, ListenKey] = {}
        self._made = 0

    def create(self, account: str, now_ms: int) -> str:
        """Return the account's key, a new one where it has none, and extend its validity."""
        key = self._by_account.get(account)
        if key is None:
            self._made += 1
            text = hashlib.sha256(f"{account}/{now_ms}/{self._made}".encode()).hexdigest()
            key = ListenKey(text, account, 0)
            self._by_account[account] = self._by_text[text] = key
        key.until_ms = now_ms + self._life_ms
        return key.text

    def keep_alive(self, account: str, now_ms: int) -> str:
        """Extend the validity of the account's key. Raises RequestError where it has none."""
        key = self._by_account.get(account)
        if key is None:
            raise refusals.no_listen_key()
        key.until_ms = now_ms + self._life_ms
        return key.text

    def delete(self, account: str) -> str:
        """Invalidate the account's key. Raises RequestError where it has none."""
        key = self._by_account.pop(account, None)
        if key is None:
            raise refusals.no_listen_key()
        del self._by_text[key.text]
        return key.text

    def account_of(self, text: str) -> str | None:
        """Return whose stream a key opens."""
        key = self._by_text.get(text)
        return None if key is None else key.account

    def of(self, account: str) -> str | None:
        """Return an account's active key."""
        key = self._by_account.get(account)
        return None if key is None else key.text

    def expired(self, now_ms: int) -> list[ListenKey]:
        """Return the keys that were not kept alive, and forget them."""
        over = [key for key in self._by_account.values() if key.until_ms <= now_ms]
        for key in over:
            self.delete(key.account)
        return over
