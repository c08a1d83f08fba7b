"""When a router is asked for what: the pure schedule against a router without a network."""

from __future__ import annotations

from math import inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.policy.ports.mapping import Changed, Gone, MapByUpnp, SeenAt, Send, UnmapByUpnp
from torrentd.policy.ports.portmap import GOODBYE_WAIT, GOODBYES, LEASE, LEAST, RETRY, PortMap
from torrentd.simulate.internet.portmapper import PortMapper
from torrentd.wire.portmap import natpmp, pcp

ALL = ("pcp", "nat-pmp", "upnp")
PORTS = [("tcp", 51413), ("udp", 51413)]
TCP, UDP = 6, 17


class Run:
    """A port map, its router, and a clock. `told` are the commands so far, without what went to the router."""

    def __init__(self, router, methods=ALL, client="192.168.1.5"):
        self.router = router
        self.ports = PortMap(client, PORTS, methods, Random(1))
        self.now = 100.0
        self.told = []
        self.sent = []
        """(when, datagram)"""

    def start(self):
        self.do(self.ports.start(self.now))
        return self

    def do(self, commands):
        for command in commands:
            if isinstance(command, Send):
                self.sent.append((self.now, command.datagram))
                for answer in self.router.answer(command.datagram):
                    self.do(self.ports.received(answer, self.now))
            else:
                self.told.append(command)

    def until(self, end):
        while self.ports.deadline <= end:
            self.now = self.ports.deadline
            self.do(self.ports.tick(self.now))
        self.now = max(self.now, end)

    def stop(self):
        self.do(self.ports.stop(self.now))

    @property
    def external(self):
        return [mapping.external_port for mapping in self.ports.mappings]


@pytest.mark.parametrize(
    ("speaks", "method"), [(["pcp", "nat-pmp"], "pcp"), (["pcp"], "pcp"), (["nat-pmp"], "nat-pmp")]
)
def test_the_first_method_that_works(speaks, method):
    router = PortMapper(speaks)
    run = Run(router).start()
    assert (run.ports.method, run.external) == (method, [51413, 51413])
    assert router.mapped == {(TCP, 51413): 51413, (UDP, 51413): 51413}
    assert run.told[-1] == Changed()
    assert SeenAt("9.9.9.9") in run.told
    assert run.ports.problem == ""


def test_another_port_than_ours():
    run = Run(PortMapper(shift=7)).start()
    assert run.external == [51420, 51420]
    run.until(run.now + LEASE)
    assert run.external == [51420, 51420]  # renewed as it is, not moved again


def test_it_is_renewed_at_half_the_lease_with_the_same_nonce():
    router = PortMapper(["pcp"], lease=1000)
    run = Run(router).start()
    assert run.ports.deadline == 100 + 500
    before = len(router.asked)
    run.until(100 + 500)
    assert len(router.asked) == before + 2
    assert router.asked[-2:] == router.asked[:2]
    assert len(router.nonces) == 2
    assert run.ports.deadline == 100 + 1000


@pytest.mark.parametrize("lease", [1, 30, 59])
def test_a_short_lease_does_not_make_us_busy(lease):
    router = PortMapper(["nat-pmp"], lease=lease)
    run = Run(router, ["nat-pmp"]).start()
    run.until(100 + 600)
    assert len(router.asked) <= 3 * (600 / LEAST + 1)


def test_a_long_lease_is_not_believed():
    run = Run(PortMapper(lease=2**32 - 1)).start()
    assert run.ports.deadline == 100 + LEASE / 2


def test_silence_goes_from_method_to_method_and_begins_again_later():
    router = PortMapper([])
    run = Run(router).start()
    run.until(run.now + 20)
    assert [type(one) for one in run.told] == [MapByUpnp]
    assert run.told[0] == MapByUpnp((("tcp", 51413, 51413), ("udp", 51413, 51413)))
    kinds = [datagram[0] for _, datagram in run.sent]
    assert kinds == [2] * 4 + [0] * 15  # PCP twice, NAT-PMP five times with the question for the address
    assert run.ports.deadline == inf  # UPnP always answers, or fails
    run.do(run.ports.upnp_failed("no router", run.now))
    assert run.ports.problem == "pcp: no answer; nat-pmp: no answer; upnp: no router"
    assert run.ports.method is None
    assert run.ports.deadline == run.now + RETRY
    router.speaks = ["pcp"]
    run.until(run.now + RETRY)
    assert (run.ports.method, run.external, run.ports.problem) == ("pcp", [51413, 51413], "")


def test_nat_pmp_doubles_its_patience():
    run = Run(PortMapper([]), ["nat-pmp"]).start()
    run.until(110)
    assert sorted({when - 100 for when, _ in run.sent}) == [0, 0.25, 0.75, 1.75, 3.75]
    assert run.ports.deadline == 100 + 7.75 + RETRY


def test_a_router_that_forbids_it_says_why():
    router = PortMapper()
    router.refuse = {TCP: 2, UDP: 2}
    run = Run(router, ["pcp", "nat-pmp"]).start()
    assert run.ports.problem == (
        "pcp: port mapping is switched off or not permitted; nat-pmp: port mapping is switched off or not permitted"
    )
    assert run.external == [0, 0]


def test_late_answers_to_pcp_do_not_end_nat_pmp():
    """Both requests of PCP are answered before those of NAT-PMP."""
    router = PortMapper(["nat-pmp"])
    run = Run(PortMapper([]), ["pcp", "nat-pmp"]).start()
    late = [answer for _, datagram in run.sent for answer in router.answer(datagram)]
    assert len(late) == 2
    for answer in late:
        run.do(run.ports.received(answer, run.now))
    run.router = router
    run.until(run.now + 1)
    assert (run.ports.method, run.external) == ("nat-pmp", [51413, 51413])


def test_a_refusal_that_names_no_port_is_about_all():
    run = Run(PortMapper([]), ["nat-pmp"]).start()
    run.do(run.ports.received(bytes([0, 128, 0, 3]) + bytes(8), run.now))
    assert run.ports.problem == "nat-pmp: has no address itself"


def test_one_of_two_is_kept():
    router = PortMapper()
    router.refuse = {UDP: 8}
    run = Run(router).start()
    assert (run.ports.method, run.external) == ("pcp", [51413, 0])
    assert run.ports.problem == "pcp: has no ports left"
    router.refuse = {}
    run.until(100 + LEASE / 2)
    assert (run.external, run.ports.problem) == ([51413, 51413], "")


def test_a_router_that_is_away_for_a_while():
    """It keeps the mapping as long as the lease lasts, then everything begins anew."""
    router = PortMapper()
    run = Run(router, ["pcp"]).start()
    router.silent = True
    run.until(100 + LEASE - 100)
    assert run.external == [51413, 51413]
    asked = len(router.asked)
    assert asked < 30
    run.until(100 + LEASE + 100)
    assert run.external == [0, 0]
    router.silent = False
    run.until(run.now + RETRY + 10)
    assert run.external == [51413, 51413]


class TestUpnp:
    def test_mapped_renewed_and_removed(self):
        run = Run(PortMapper([]), ["upnp"]).start()
        run.do(run.ports.upnp_mapped([("tcp", 51413, 51413), ("udp", 51413, 51414)], "8.8.4.4", run.now))
        assert (run.external, run.ports.address) == ([51413, 51414], "8.8.4.4")
        assert run.told[1:] == [SeenAt("8.8.4.4"), Changed()]
        run.until(100 + LEASE / 2)
        assert run.told[-1] == MapByUpnp((("tcp", 51413, 51413), ("udp", 51413, 51414)))
        run.do(run.ports.upnp_mapped([("tcp", 51413, 51413), ("udp", 51413, 51414)], "8.8.4.4", run.now))
        run.stop()
        assert run.told[-1] == UnmapByUpnp((("tcp", 51413), ("udp", 51414)))
        run.do(run.ports.upnp_unmapped())
        assert run.told[-1] == Gone()
        assert run.ports.deadline == inf

    def test_a_stop_while_it_maps_takes_that_back(self):
        run = Run(PortMapper([]), ["upnp"]).start()
        run.stop()
        assert Gone() not in run.told
        run.do(run.ports.upnp_mapped([("tcp", 51413, 51413)], "", run.now))
        assert run.told[-1] == UnmapByUpnp((("tcp", 51413),))
        run.do(run.ports.upnp_unmapped())
        assert run.told[-1] == Gone()

    def test_a_stop_while_it_fails(self):
        run = Run(PortMapper([]), ["upnp"]).start()
        run.stop()
        run.do(run.ports.upnp_failed("no router", run.now))
        assert run.told[-1] == Gone()

    def test_answers_nobody_waits_for(self):
        run = Run(PortMapper(["pcp"])).start()
        assert run.ports.upnp_mapped([("tcp", 51413, 1)], "8.8.8.8", run.now) == []
        assert run.ports.upnp_failed("late", run.now) == []
        assert run.ports.upnp_unmapped() == []


class TestStop:
    @pytest.mark.parametrize("speaks", ["pcp", "nat-pmp"])
    def test_everything_is_removed(self, speaks):
        router = PortMapper([speaks])
        run = Run(router).start()
        run.stop()
        assert router.mapped == {}
        assert run.told[-1] == Gone()
        assert run.ports.deadline == inf

    def test_a_router_that_does_not_answer_is_not_waited_for(self):
        router = PortMapper()
        run = Run(router).start()
        router.silent = True
        run.stop()
        assert Gone() not in run.told
        run.until(run.now + GOODBYES * GOODBYE_WAIT)
        assert run.told[-1] == Gone()
        assert len(router.asked) == 2 + 2 * GOODBYES

    def test_while_the_first_answer_is_awaited(self):
        """The router may have mapped what we do not know of."""
        router = PortMapper()
        router.silent = True
        run = Run(router).start()
        router.silent = False
        run.stop()
        assert run.told == [Gone()]
        assert router.asked[-1][4:8] == bytes(4)  # lifetime 0

    def test_before_anything_was_mapped(self):
        run = Run(PortMapper([]), ["nat-pmp"]).start()
        run.until(run.now + 30)
        run.stop()
        assert run.told[-1] == Gone()

    def test_twice(self):
        run = Run(PortMapper()).start()
        run.stop()
        run.stop()
        assert run.told.count(Gone()) == 1


class TestNonsense:
    def test_an_answer_with_another_nonce_or_about_another_port(self):
        run = Run(PortMapper([]), ["pcp"]).start()
        other = pcp.ask_port("192.168.1.5", bytes(12), "tcp", 51413, 51413, 60)
        assert run.ports.received(PortMapper().answer(other)[0], run.now) == []
        nonce = run.sent[0][1][24:36]
        strange = pcp.ask_port("192.168.1.5", nonce, "tcp", 22, 22, 60)
        assert run.ports.received(PortMapper().answer(strange)[0], run.now) == []
        assert run.external == [0, 0]

    def test_an_answer_twice(self):
        run = Run(PortMapper(["nat-pmp"]), ["nat-pmp"]).start()
        answer = PortMapper(shift=9).answer(natpmp.ask_port("tcp", 51413, 51413, 60))[0]
        assert run.ports.received(answer, run.now) == []
        assert run.external == [51413, 51413]

    @pytest.mark.parametrize("address", ["0.0.0.0", "224.0.0.1"])
    def test_an_address_that_is_none(self, address):
        run = Run(PortMapper(["nat-pmp"], address=address)).start()
        assert run.ports.address == ""

    def test_nothing_to_do(self):
        assert PortMap("10.0.0.2", [], ALL, Random(1)).start(0) == []
        assert PortMap("10.0.0.2", PORTS, [], Random(1)).start(0) == []

    @given(st.lists(st.binary(max_size=64), max_size=20))
    def test_datagrams(self, datagrams):
        run = Run(PortMapper([]), ["pcp", "nat-pmp"]).start()
        for datagram in datagrams:
            run.do(run.ports.received(datagram, run.now))
        run.stop()
        run.until(run.now + 10)
        assert run.told[-1] == Gone()
