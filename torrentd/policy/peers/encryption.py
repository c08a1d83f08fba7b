"""Which connections are encrypted, and how (see wire.peer.mse).

With "prefer" the exchange is obfuscated and what follows is plain text where the peer allows it: blocks cost nothing
more then. A peer that does not take part is dialled in plain at once, and next time from the start, if that went well.
With "require" everything is RC4, and a peer that does not take part is no peer.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from torrentd.model.address import Address
from torrentd.policy.rates.tokens import Tokens
from torrentd.wire.peer.mse import PLAIN, RC4

Mode: TypeAlias = Literal["off", "prefer", "require"]

EXCHANGES_PER_SECOND: Final = 30.0
"""Incoming ones: each costs a millisecond of the reactor, and anybody may ask for it. As many as we dial."""

BURST: Final = 64.0
"""At once after a quiet time, as when a popular torrent starts."""

MOST_PLAIN: Final = 3000
"""Peers of which it is remembered that they do not encrypt: the candidates of one torrent."""


class Encryption:
    """The rule for all connections of a daemon."""

    def __init__(self, mode: Mode) -> None:
        self.mode: Mode = mode
        self._exchanges = Tokens(BURST, EXCHANGES_PER_SECOND)
        self._plain: dict[Address, None] = {}
        """peers that were dialled and did not encrypt, the latest at the end"""

    @property
    def takes_plain(self) -> bool:
        """Whether a peer may begin with the handshake of BEP 3."""
        return self.mode != "require"

    @property
    def takes_encrypted(self) -> bool:
        """Whether a peer may begin with an exchange of keys."""
        return self.mode != "off"

    @property
    def methods(self) -> int:
        """What we offer when we begin."""
        return PLAIN | RC4 if self.takes_plain else RC4

    def choose(self, offered: int) -> int:
        """Which of the offered methods it is; 0 for none."""
        return offered & self.methods & PLAIN or offered & self.methods & RC4

    def encrypts(self, address: Address) -> bool:
        """Whether to begin with an exchange when the peer there is dialled."""
        return self.mode == "require" or (self.mode == "prefer" and address not in self._plain)

    def declined(self, address: Address) -> bool:
        """The peer there did not take part; whether to dial it again in plain."""
        if self.mode != "prefer":
            return False
        if len(self._plain) >= MOST_PLAIN:
            del self._plain[next(iter(self._plain))]
        self._plain[address] = None
        return True

    def failed(self, address: Address) -> None:
        """An attempt came to nothing, in plain as well if that was tried: perhaps the peer dropped the exchange for
        another reason (Transmission takes one handshake of a host at a time), and takes nothing else."""
        self._plain.pop(address, None)

    def may_exchange(self, now: float) -> bool:
        """Whether one more peer may begin an exchange with us; then it does."""
        return self._exchanges.take(now)
