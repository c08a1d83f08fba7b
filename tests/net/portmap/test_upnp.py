"""Ports mapped by UPnP: the real library against a router on loopback."""

from __future__ import annotations

import sys
from queue import SimpleQueue

import pytest

from tests.net.portmap.igd import Igd, Search
from torrentd.net.portmap.upnp import NOT_INSTALLED, OTHER_PORTS, UpnpError, UpnpRouter, check_near, discover

PORTS = [("tcp", 5000, 5000), ("udp", 5000, 5000)]
HERE = "127.0.0.1"


class Reactor:
    """Takes what threads say; `run` waits for the next of it."""

    def __init__(self):
        self.calls = SimpleQueue()

    def callFromThread(self, call, *args):
        self.calls.put((call, args))

    def result(self, deferred):
        call, args = self.calls.get(timeout=20)
        call(*args)
        results = []
        deferred.addBoth(results.append)
        return results[0]


@pytest.fixture
def igd():
    with Igd() as igd:
        yield igd


@pytest.fixture
def reactor():
    return Reactor()


@pytest.fixture
def router(igd, reactor):
    return UpnpRouter(reactor, HERE, lambda client: found(igd))


def found(igd):
    """The router, without a search."""
    upnp = pytest.importorskip("miniupnpc").UPnP()
    upnp.selectigd(igd.url)
    return upnp


def test_mapped_and_removed(igd, router, reactor):
    mapped, address = reactor.result(router.map(PORTS, 3600))
    assert (mapped, address) == (PORTS, "9.9.9.9")
    assert igd.mapped == {(5000, "TCP"): (HERE, 5000, 3600), (5000, "UDP"): (HERE, 5000, 3600)}
    assert reactor.result(router.unmap([("tcp", 5000), ("udp", 5000), ("udp", 7)])) is None
    assert igd.mapped == {}


def test_somebody_else_has_the_port(igd, router, reactor):
    igd.taken = {5000, 5001}
    mapped, _ = reactor.result(router.map(PORTS, 3600))
    assert mapped == [("tcp", 5000, 5002), ("udp", 5000, 5002)]


def test_all_of_them_are_taken(igd, router, reactor):
    igd.taken = set(range(5000, 5000 + OTHER_PORTS + 1))
    failure = reactor.result(router.map(PORTS, 3600))
    assert failure.check(UpnpError)
    assert failure.getErrorMessage() == "ConflictInMappingEntry"


def test_no_port_above_the_last(igd, router, reactor):
    igd.taken = {0xFFFF}
    failure = reactor.result(router.map([("tcp", 5000, 0xFFFF)], 3600))
    assert failure.check(UpnpError)
    assert igd.mapped == {}


def test_a_router_without_leases(igd, router, reactor):
    igd.permanent_only = True
    mapped, _ = reactor.result(router.map(PORTS, 3600))
    assert mapped == PORTS
    assert igd.mapped[5000, "TCP"] == (HERE, 5000, 0)


def test_one_port_of_two(igd, router, reactor):
    igd.taken = set(range(5000, 5010))
    mapped, _ = reactor.result(router.map([("tcp", 5000, 5000), ("udp", 6000, 6000)], 3600))
    assert mapped == [("udp", 6000, 6000)]


def test_an_address_that_it_does_not_tell(igd, router, reactor):
    igd.address = ""
    assert reactor.result(router.map(PORTS, 3600)) == (PORTS, "")


def test_a_router_that_went_away_is_searched_anew(igd, reactor):
    searches = []

    def search(client):
        searches.append(client)
        if len(searches) > 1:
            raise UpnpError("none")
        return found(igd)

    router = UpnpRouter(reactor, HERE, search)
    reactor.result(router.map(PORTS, 3600))
    reactor.result(router.map(PORTS, 3600))
    assert len(searches) == 1
    igd.taken = set(range(5000, 5010))
    assert reactor.result(router.map(PORTS, 3600)).check(UpnpError)
    assert reactor.result(router.map(PORTS, 3600)).getErrorMessage() == "none"
    assert searches == [HERE, HERE]


def test_the_search(igd):
    pytest.importorskip("miniupnpc")
    with Search(igd):
        upnp = discover(HERE)
    assert upnp.externalipaddress() == "9.9.9.9"


def test_nobody_there():
    pytest.importorskip("miniupnpc")
    with pytest.raises(UpnpError, match="no router answers"):
        discover("127.0.0.3", 50)


def test_the_library_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "miniupnpc", None)
    with pytest.raises(UpnpError) as caught:
        discover(HERE)
    assert str(caught.value) == NOT_INSTALLED
    assert "pip install" in NOT_INSTALLED


@pytest.mark.parametrize("service", ["http://192.168.1.1:5000/ctl", "http://[fe80::1]/x", "http://127.0.0.1/"])
def test_a_web_service_near_us(service):
    check_near(service)


@pytest.mark.parametrize(
    "service", ["http://8.8.8.8/ctl", "http://router.example/", "http://0.0.0.0/", "", "http://[", "nonsense"]
)
def test_a_web_service_elsewhere_is_not_called(service):
    with pytest.raises(UpnpError, match="not in the local network"):
        check_near(service)
