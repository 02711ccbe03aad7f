"""Encrypting and decrypting with a ring of keys: the newest encrypts, all decrypt.

A sealed value is ``v1.<key id>.<url-safe base64 of nonce and ciphertext>``. The context (whose
record and which field) is bound as associated data, so a value moved elsewhere does not open.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12


class CannotOpen(Exception):
    """No key of the ring opens this value in this context."""


class KeyRing:
    """AES-256-GCM over several keys, newest first; each key is 32 bytes."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ring = {key_id(key): AESGCM(key) for key in keys}
        self._newest = key_id(keys[0])

    def seal(self, text: str, context: str) -> str:
        """Encrypt ``text`` for this ``context`` with the newest key."""
        nonce = secrets.token_bytes(NONCE)
        sealed = self._ring[self._newest].encrypt(nonce, text.encode(), context.encode())
        return f"v1.{self._newest}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def is_newest(self, sealed: str) -> bool:
        """Whether the newest key sealed it; what it holds is not looked at."""
        return sealed.startswith(f"v1.{self._newest}.")

    def open(self, sealed: str, context: str) -> str:
        """Decrypt what ``seal`` made for the same context; raises CannotOpen."""
        version, _, rest = sealed.partition(".")
        name, _, body = rest.partition(".")
        if version != "v1" or name not in self._ring:
            raise CannotOpen("sealed with a key that is not in the ring")
        try:
            raw = base64.urlsafe_b64decode(body.encode())
            return self._ring[name].decrypt(raw[:NONCE], raw[NONCE:], context.encode()).decode()
        except (InvalidTag, ValueError) as exc:
            raise CannotOpen("damaged, or moved from another place") from exc


def key_id(key: bytes) -> str:
    """A short public name of a key; says nothing about it."""
    return hashlib.sha256(b"b24app key id" + key).hexdigest()[:8]


def token_digest(member_id: str, token: str) -> str:
    """What proves an application token without holding it; empty for none.

    The token is random and long, so its digest cannot be traced back, and comparing two of them
    takes a time that says nothing about the token.
    """
    named = f"b24app application token {member_id} {token}"
    return hashlib.sha256(named.encode()).hexdigest()[:32] if token else ""
