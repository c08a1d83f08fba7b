from __future__ import annotations

from torrentd.dht.asking.lookup import Lookup
from torrentd.dht.commands import NeedNodes
from torrentd.dht.joining import FIRST_WAIT, LONGEST_WAIT, MOST_ROUTERS, NEVER, Joining
from torrentd.dht.routing.table import K
from torrentd.model.address import Address

ROUTER = Address("1.2.3.4", 5)


def test_names_are_needed_at_once_and_then_at_growing_intervals():
    joining, now, asked = Joining(True, 5.0), 5.0, []
    while now < 20_000:
        assert joining.need_at == now
        assert joining.need(0, now) == NeedNodes(True)
        assert joining.need(0, now) is None
        asked.append(joining.need_at - now)
        now = joining.need_at
    assert asked[:3] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    assert asked[-1] == LONGEST_WAIT


def test_not_while_we_join_or_know_enough():
    joining = Joining(False, 0.0)
    joining.lookup = Lookup(b"t" * 20)
    assert joining.need(0, 0.0) is None
    joining.ended(K)
    assert joining.is_done
    assert joining.need_at == NEVER
    assert joining.need(K, 1e6) is None


def test_when_they_become_few_again():
    joining = Joining(False, 0.0)
    joining.ended(K)
    assert joining.need(K - 1, 50.0) == NeedNodes(False)
    assert joining.need_at == 50.0 + FIRST_WAIT


def test_an_attempt_that_found_few_is_followed_by_another():
    joining = Joining(False, 0.0)
    joining.need(0, 0.0)
    joining.ended(2)
    assert joining.is_done
    assert joining.need(2, FIRST_WAIT - 1) is None
    assert joining.need(2, FIRST_WAIT) is not None
    assert joining.next_deadline() == 3 * FIRST_WAIT


def test_if_saved_nodes_lead_nowhere_names_are_asked_at_once():
    joining = Joining(False, 5.0)
    joining.lookup = Lookup(b"t" * 20)
    assert joining.next_deadline() == NEVER
    joining.ended(0)
    assert joining.need(0, 7.0) is not None


def test_routers():
    joining = Joining(False, 0.0)
    joining.remember_routers([ROUTER, Address("1.2.3.5", 6)])
    assert joining.is_router(b"i" * 20, ROUTER)
    assert not joining.is_router(b"i" * 20, Address("1.2.3.4", 6))
    assert joining.release_routers() == [(b"i" * 20, ROUTER)]
    assert joining.routers == [Address("1.2.3.5", 6)]
    joining.asked_by(Address("1.2.3.5", 6))
    assert joining.routers == []


def test_routers_are_bounded():
    joining = Joining(False, 0.0)
    joining.remember_routers(Address("1.2.3.4", port) for port in range(1, 100))
    assert len(joining.routers) == MOST_ROUTERS
