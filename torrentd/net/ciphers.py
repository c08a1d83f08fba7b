"""RC4 of OpenSSL, if this system has it.

Some distributions build OpenSSL without its legacy provider: whether RC4 works is known only when it is tried.
"""

from __future__ import annotations

from typing import Any, Protocol


class InPlace(Protocol):
    """A key stream that can also work in place."""

    def update(self, data: Any, /) -> bytes:
        """Encrypt or decrypt what comes next."""

    def update_into(self, data: Any, buf: Any, /) -> int:
        """The same, into a buffer of the same length, which may be the data's own."""


def rc4(key: bytes) -> InPlace:
    """The key stream of a key of 5 to 32 bytes, from its start. Whatever `cryptography` raises if there is none."""
    # imported when needed: a daemon without encryption saves the time and some memory
    from cryptography.hazmat.primitives.ciphers import Cipher

    try:
        from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
    except ImportError:  # before cryptography 43
        from cryptography.hazmat.primitives.ciphers.algorithms import ARC4
    return Cipher(ARC4(key), mode=None).encryptor()


def rc4_works() -> bool:
    """Whether it does, here and now: a key stream of RFC 6229 is compared."""
    try:
        return rc4(bytes((1, 2, 3, 4, 5))).update(bytes(8)) == bytes.fromhex("b2396305f03dc027")
    except Exception:
        return False
