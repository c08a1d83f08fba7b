from __future__ import annotations

from torrentd.dht.routing.contact import FAILURES, FRESH, Contact
from torrentd.model.address import Address


def make() -> Contact:
    return Contact(b"a" * 20, Address("127.0.0.1", 1))


def test_a_node_that_never_answered_is_not_good():
    contact = make()
    contact.asked_us_at = 10.0
    assert not contact.is_good(10.0)


def test_good_for_15_minutes():
    contact = make()
    contact.answered_at = 10.0
    assert contact.is_good(10.0 + FRESH - 1)
    assert not contact.is_good(10.0 + FRESH)
    contact.asked_us_at = 10.0 + FRESH
    assert contact.is_good(10.0 + FRESH + 1)


def test_bad_after_failures_in_a_row():
    contact = make()
    contact.answered_at = 10.0
    contact.failures = FAILURES - 1
    assert contact.is_good(11.0)
    contact.failures = FAILURES
    assert contact.is_bad
    assert not contact.is_good(11.0)


def test_ids_are_checked_against_global_addresses_only():
    assert make().verified
    assert not Contact(b"a" * 20, Address("8.8.8.8", 1)).verified
