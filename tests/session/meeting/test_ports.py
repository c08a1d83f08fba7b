"""The daemon gets its peer ports mapped, says so, and takes it back."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from tests.session.world import Sample
from torrentd.model.address import Address
from torrentd.net.portmap.gateways import Gateway
from torrentd.net.portmap.upnp import UpnpError
from torrentd.policy.ports.portmap import LEASE, RETRY
from torrentd.session.meeting.ports import LOOK
from torrentd.session.telling.rows import PortMappingRow
from torrentd.simulate.internet.portmapper import PortMapper

ON = "[ports]\nmap = true\n"
WHERE = Address("192.168.1.1", 5351)
TCP, UDP = 6, 17


class Site:
    """Where a router answers in the world's network."""

    def __init__(self, world, router, gateway=Gateway(WHERE, "127.0.0.1")):
        self.router = router
        world.network.datagrams(self, gateway.address)
        world.network.routers = [gateway]

    def makeConnection(self, transport):
        self.transport = transport

    def datagramReceived(self, datagram, source):
        for answer in self.router.answer(datagram):
            self.transport.write(answer, source)


class Igd:
    """A router as `net.portmap.upnp` offers it."""

    def __init__(self, problem=None):
        self.problem = problem
        self.mapped = []
        self.removed = []
        self.hangs = False
        self.late = None

    def map(self, ports, lease):
        if self.problem is not None:
            return fail(self.problem)
        self.mapped.append((ports, lease))
        if self.late is not None:
            return self.late
        return succeed(([(protocol, port, port + 1) for protocol, port, _ in ports], "9.9.9.8"))

    def unmap(self, ports):
        self.removed += ports
        return Deferred() if self.hangs else succeed(None)


@pytest.fixture
def router(world):
    return Site(world, PortMapper()).router


def rows(home):
    return home.steering.status().port_mapping


def test_mapped_shown_and_taken_back(router, make_home, world, logged):
    home = make_home(6881, ON).start()
    assert rows(home) == [
        PortMappingRow("tcp", 6881, 6881, "9.9.9.9", "pcp", "192.168.1.1", LEASE, None),
        PortMappingRow("udp", 6881, 6881, "9.9.9.9", "pcp", "192.168.1.1", LEASE, None),
    ]
    assert home.steering.status().external_addresses == ["9.9.9.9"]
    assert router.mapped == {(TCP, 6881): 6881, (UDP, 6881): 6881}
    world.run(LEASE * 3)
    assert rows(home)[0].expires_in > 0
    home.stop()
    assert router.mapped == {}
    assert [line for line in logged() if "router" in line] == [
        "the router 192.168.1.1 maps tcp 6881, udp 6881 to us (pcp)"
    ]


def test_peers_and_trackers_are_told_the_routers_port(router, make_home, world):
    router.shift = 100
    home, torrent = make_home(6881, f'{ON}methods = ["pcp"]\n').start(), Sample()
    home.add(torrent)
    assert home.session(torrent).torrent.settings.port == 6981
    assert (home.daemon.around.announces.port, home.daemon.torrent_settings.port) == (6981, 6981)
    router.refuse = {TCP: 2, UDP: 2}
    world.run(LEASE)
    assert (home.daemon.around.announces.port, home.daemon.torrent_settings.port) == (6881, 6881)
    assert rows(home)[0].error.startswith("pcp: port mapping is switched off")


def test_switched_off(router, make_home):
    home = make_home(6881, "[ports]\nmap = false\n").start()
    assert (rows(home), router.asked) == ([], [])
    assert home.daemon.ports.port == 0


@pytest.mark.parametrize("listen", ["127.0.0.2:6881", "[::1]:6881"])
def test_what_the_router_does_not_reach_is_not_its_business(router, make_home, listen):
    home = make_home(6881, f'[network]\nlisten = ["{listen}"]\n{ON}').start()
    assert (rows(home), router.asked) == ([], [])


def test_whoever_listens_everywhere_is_reached(router, make_home):
    home = make_home(6881, f'[network]\nlisten = ["0.0.0.0:6881", "[::]:6881"]\n{ON}').start()
    assert [(row.protocol, row.external_port) for row in rows(home)] == [("tcp", 6881), ("udp", 6881)]


def test_ipv6_by_pcp_only(world, make_home):
    Site(world, PortMapper(address="2a00::5"), Gateway(Address("fe80::1%eth0", 5351), "2a00::5"))
    home = make_home(6881, f'[network]\nlisten = ["0.0.0.0:6881", "[::]:6881"]\n{ON}').start()
    assert {(row.method, row.external_address, row.external_port) for row in rows(home)} == {("pcp", "2a00::5", 6881)}
    assert home.daemon.ports.port == 0  # trackers are told the port of IPv4


def test_no_router_is_no_news(make_home, world, logged):
    home = make_home(6881, ON).start()
    world.run(LEASE)
    assert rows(home) == []
    assert not [line for line in logged() if "router" in line]


def test_a_router_that_comes_later_and_one_that_goes(make_home, world):
    home = make_home(6881, ON).start()
    router = Site(world, PortMapper()).router
    world.run(LOOK)
    assert rows(home)[0].external_port == 6881
    assert len(router.mapped) == 2
    world.network.routers = []
    world.run(LOOK)
    assert rows(home) == []


def test_the_routers_port_goes_with_it(router, make_home, world):
    router.shift = 100
    home = make_home(6881, ON).start()
    assert home.daemon.around.announces.port == 6981
    world.network.routers = []
    world.run(LOOK)
    assert home.daemon.around.announces.port == 6881


@pytest.mark.parametrize("stops", [True, False])
def test_upnp_that_comes_too_late_is_taken_back(world, make_home, stops):
    """The daemon stopped meanwhile, or the router went."""
    Site(world, PortMapper([]))
    igd = world.network.igd = Igd()
    igd.late = Deferred()
    home = make_home(6881, f'{ON}methods = ["upnp"]\n').start()
    if stops:
        home.stop()
    else:
        world.network.routers = []
        world.run(LOOK)
    assert igd.removed == []
    igd.late.callback(([("tcp", 6881, 6881)], ""))
    assert igd.removed == [("tcp", 6881)]
    world.run(LEASE)
    assert len(igd.mapped) == 1


def test_upnp(world, make_home):
    Site(world, PortMapper([]))
    igd = world.network.igd = Igd()
    home = make_home(6881, ON).start()
    world.run(30)
    assert [(row.method, row.external_port, row.external_address) for row in rows(home)] == [
        ("upnp", 6882, "9.9.9.8"),
        ("upnp", 6882, "9.9.9.8"),
    ]
    assert home.steering.status().external_addresses == ["9.9.9.8"]
    home.stop()
    assert igd.removed == [("tcp", 6882), ("udp", 6882)]


def test_a_hanging_upnp_router_does_not_hold_the_stop(world, make_home):
    Site(world, PortMapper([]))
    igd = world.network.igd = Igd()
    home = make_home(6881, f'{ON}methods = ["upnp"]\n').start()
    igd.hangs = True
    before = world.reactor.seconds()
    home.stop()
    assert world.reactor.seconds() - before < 5


def test_nothing_works(world, make_home, logged):
    Site(world, PortMapper([]))
    world.network.igd = Igd(UpnpError("no router answers"))
    home = make_home(6881, ON).start()
    assert rows(home)[0] == PortMappingRow("tcp", 6881, None, None, "pcp", "192.168.1.1", None, None)
    world.run(RETRY * 5)
    problem = "pcp: no answer; nat-pmp: no answer; upnp: no router answers"
    assert rows(home)[0].error == problem
    assert [line for line in logged() if "router" in line] == [f"the router 192.168.1.1 maps no ports: {problem}"]


def test_a_bug_in_the_library_is_in_the_log(world, make_home, logged):
    Site(world, PortMapper([]))
    world.network.igd = Igd(RuntimeError("broken"))
    home = make_home(6881, f'{ON}methods = ["upnp"]\n').start()
    assert rows(home)[0].error == "upnp: broken"
    assert any("a bug of ours" in line for line in logged())


def test_a_private_address_gets_no_vote(router, make_home):
    """A router behind another one knows only its own."""
    router.address = "192.168.178.2"
    home = make_home(6881, ON).start()
    assert rows(home)[0].external_address == "192.168.178.2"
    assert home.steering.status().external_addresses == []


def test_a_stop_that_the_router_does_not_answer(router, make_home, world):
    home = make_home(6881, ON).start()
    router.silent = True
    before = world.reactor.seconds()
    home.stop()
    assert world.reactor.seconds() - before < 2
