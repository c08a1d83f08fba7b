"""The routing table: whom we know, many near our own id and some everywhere (BEP 5).

There is one bucket for each number of leading bits that an id can share with ours. That is the tree of the
specification after all possible splits, without the splitting. The buckets of few shared bits are wider than 8, so that
a lookup begins closer to where it wants to go.

Only nodes that answered a query of ours come in: a forged sender's address does not. With a full bucket a newcomer
takes the place of a bad node, or of one whose id does not fit its address (BEP 42); otherwise it waits as a spare, and
the questionable node that was silent longest is to be asked whether it is still there.

A global address has one place in the table, and a /24 (IPv6: a /48) one in a bucket: few addresses in one hand cannot
fill it. On local addresses neither is demanded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import nsmallest
from random import Random

from torrentd.dht.ids import ID_BITS, number, random_id_sharing, reach, shared_bits
from torrentd.dht.routing.contact import FRESH, LOST, NEVER, Contact
from torrentd.model.address import Address, Scope

K = 8
"""Nodes of a bucket, and of an answer."""

WIDTHS = (128, 64, 32, 16)
"""Places in the buckets of 0, 1, 2, 3 shared bits; all others have K."""

SPARES = 8
"""Newcomers that wait for a place in a full bucket; the latest are kept."""

RETRY = 60.0
"""Seconds between two attempts to hear from the same silent node."""

PACE = 5.0
"""Seconds between two looks whether a full bucket has a doubtful node: a wide one has many to look at."""

REFRESH = 900.0
"""Seconds after which a bucket in which nothing changed is refreshed by a lookup."""


class Bucket:
    """Nodes with the same number of leading bits in common with us."""

    __slots__ = ("changed_at", "contacts", "looked_at", "neighbourhoods", "spares", "width")

    def __init__(self, bits: int, now: float) -> None:
        self.width = WIDTHS[bits] if bits < len(WIDTHS) else K
        self.contacts: list[Contact] = []
        self.spares: list[Contact] = []
        self.neighbourhoods: dict[str, None] = {}
        """of those with global addresses"""
        self.changed_at = now
        self.looked_at = NEVER
        """when it was last looked who of them is doubtful"""


class Table:
    """The table of one node of ours."""

    def __init__(self, own_id: bytes) -> None:
        self.own_id = own_id
        self.own_number = number(own_id)
        self._buckets: dict[int, Bucket] = {}
        self._known: dict[Address, Contact] = {}
        self._hosts: dict[str, Address] = {}

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[Contact]:
        """Everybody in it, those nearest to us last."""
        for bits in sorted(self._buckets):
            yield from self._buckets[bits].contacts

    @property
    def buckets(self) -> int:
        """How many have somebody in them."""
        return sum(1 for bucket in self._buckets.values() if bucket.contacts)

    def find(self, address: Address) -> Contact | None:
        """Whom we know there."""
        return self._known.get(address)

    # --- what happened

    def answered(self, id: bytes, address: Address, now: float) -> Contact | None:
        """A node answered a query of ours. Whom to ask whether it is still there, if somebody waits for its place."""
        known = self._known.get(address)
        if known is not None and known.id != id:
            self._drop(known)
            known = None
        if known is None:
            return self._newcomer(id, address, now)
        known.answered_at = now
        known.failures = 0
        self._bucket(known.number, now).changed_at = now
        return None

    def asked(self, id: bytes, address: Address, now: float) -> bool:
        """A node asked us something. Whether it would be worth knowing: nobody there is known, and there is room."""
        known = self._known.get(address)
        if known is not None:
            if known.id == id:
                known.asked_us_at = now
            return False
        newcomer = Contact(id, address)
        if newcomer.number == self.own_number or not self._fits_in(newcomer):
            return False
        bucket = self._bucket(newcomer.number, now)
        return len(bucket.contacts) < bucket.width or any(contact.is_bad for contact in bucket.contacts)

    def failed(self, address: Address, now: float) -> None:
        """A query of ours was not answered. A spare takes the place of a node that is bad."""
        known = self._known.get(address)
        if known is None:
            return
        known.failures += 1
        bucket = self._bucket(known.number, now)
        if not known.is_bad or not (bucket.spares or known.failures >= LOST):
            return
        self._drop(known)
        while bucket.spares:
            spare = bucket.spares.pop()
            if self._fits_in(spare) and self._takes(bucket, spare):
                self._put(bucket, spare, now)
                return

    def adopt(self, contact: Contact, now: float) -> None:
        """Take over somebody from the table of an earlier id of ours, if there is a place."""
        bucket = self._bucket(contact.number, now)
        if self._fits_in(contact) and self._takes(bucket, contact):
            self._put(bucket, contact, now)

    def forget(self, refused: Callable[[str], bool]) -> None:
        """Those whose hosts are not to be talked to any more."""
        for bucket in self._buckets.values():
            bucket.spares = [spare for spare in bucket.spares if not refused(spare.address.host)]
        for contact in [contact for contact in self if refused(contact.address.host)]:
            self._drop(contact)

    # --- whom to ask

    def closest(self, target: int, count: int, now: float, good_only: bool = False) -> list[Contact]:
        """The `count` nearest to `target`, near to far, none that is bad.

        The bucket that the target belongs to has the nearest; then all that share more bits with us, which are equally
        far from it in the first bit that differs; then those that share fewer, in turn.
        """
        own = min(shared_bits(self.own_number, target), ID_BITS - 1)
        deeper = sorted(bits for bits in self._buckets if bits > own)
        shallower = sorted((bits for bits in self._buckets if bits < own), reverse=True)
        found: list[Contact] = []
        for group in ([own], deeper, *([bits] for bits in shallower)):
            if len(found) >= count:
                break
            candidates = [c for bits in group if bits in self._buckets for c in self._buckets[bits].contacts]
            usable = [c for c in candidates if (c.is_good(now) if good_only else not c.is_bad)]
            found += nsmallest(count - len(found), usable, key=lambda contact: contact.number ^ target)
        return found

    def stale(self, now: float, rng: Random) -> bytes | None:
        """An id to look up, so that the bucket that was not changed for longest is refreshed; None if none is due."""
        due = [
            (b.changed_at, bits) for bits, b in self._buckets.items() if b.contacts and b.changed_at + REFRESH <= now
        ]
        if not due:
            return None
        bits = min(due)[1]
        self._buckets[bits].changed_at = now
        return random_id_sharing(self.own_number, bits, rng) if bits < ID_BITS else self.own_id

    def silent(self, now: float) -> Contact | None:
        """The questionable node that was silent longest, to be asked whether it is still there; it counts as tried."""
        due = [c for c in self._known.values() if now - c.heard_at >= FRESH and now - c.tried_at >= RETRY]
        longest = min(due, key=lambda contact: contact.heard_at, default=None)
        if longest is not None:
            longest.tried_at = now
        return longest

    # --- places

    def _newcomer(self, id: bytes, address: Address, now: float) -> Contact | None:
        newcomer = Contact(id, address)
        newcomer.answered_at = now
        if newcomer.number == self.own_number or not self._fits_in(newcomer):
            return None
        bucket = self._bucket(newcomer.number, now)
        if len(bucket.contacts) < bucket.width:
            self._put(bucket, newcomer, now)
            return None
        loser = _loser(bucket, newcomer)
        if loser is not None:
            self._drop(loser)
            self._put(bucket, newcomer, now)
            return None
        others = [spare for spare in bucket.spares if spare.address != address]
        bucket.spares = [*others[1 - SPARES :], newcomer]
        if now < bucket.looked_at + PACE:
            return None
        bucket.looked_at = now
        longest = min(bucket.contacts, key=lambda contact: contact.heard_at)
        return None if longest.is_good(now) else longest

    def _takes(self, bucket: Bucket, contact: Contact) -> bool:
        return len(bucket.contacts) < bucket.width and contact.address not in self._known

    def _fits_in(self, newcomer: Contact) -> bool:
        """Whether its address does not have its share already."""
        host = newcomer.address.host
        if reach(host) != Scope.GLOBAL:
            return True
        if host in self._hosts:
            return False
        bucket = self._buckets.get(shared_bits(self.own_number, newcomer.number))
        return bucket is None or _neighbourhood(host) not in bucket.neighbourhoods

    def _put(self, bucket: Bucket, contact: Contact, now: float) -> None:
        bucket.contacts.append(contact)
        bucket.changed_at = now
        self._known[contact.address] = contact
        if reach(contact.address.host) == Scope.GLOBAL:
            self._hosts[contact.address.host] = contact.address
            bucket.neighbourhoods[_neighbourhood(contact.address.host)] = None

    def _drop(self, contact: Contact) -> None:
        bucket = self._buckets[shared_bits(self.own_number, contact.number)]
        bucket.contacts.remove(contact)
        del self._known[contact.address]
        if self._hosts.pop(contact.address.host, None) is not None:
            bucket.neighbourhoods.pop(_neighbourhood(contact.address.host), None)

    def _bucket(self, of: int, now: float) -> Bucket:
        bits = shared_bits(self.own_number, of)
        bucket = self._buckets.get(bits)
        if bucket is None:
            bucket = self._buckets[bits] = Bucket(bits, now)
        return bucket


def _loser(bucket: Bucket, newcomer: Contact) -> Contact | None:
    """Who gives its place up: the worst of the bad, else one with a wrong id if the newcomer's is right."""
    bad = [contact for contact in bucket.contacts if contact.is_bad]
    if bad:
        return max(bad, key=lambda contact: contact.failures)
    if newcomer.verified:
        return next((contact for contact in bucket.contacts if not contact.verified), None)
    return None


def _neighbourhood(host: str) -> str:
    """Text that addresses of one /24 (IPv6: one /48) have in common."""
    return ":".join(host.split(":")[:3]) if ":" in host else host.rpartition(".")[0]
