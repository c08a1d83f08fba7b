"""The peer ports."""

import errno

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import DatagramProtocol, Factory
from twisted.logger import capturedLogs, formatEvent

from tests.session.network import Network, Reactor
from tests.session.world import result
from torrentd.model.address import Address
from torrentd.session.meeting.listening import ATTEMPTS, Listening


def listening(network):
    return Listening(network, Factory(), lambda address: DatagramProtocol())


def start(listening, *addresses):
    result(Deferred.fromCoroutine(listening.start(addresses)))
    return listening


def test_a_port_in_use_is_followed_by_the_next():
    network = Network(Reactor())
    network.taken = {Address("127.0.0.1", 6881), Address("127.0.0.1", 6882)}
    ports = start(listening(network), Address("127.0.0.1", 6881))
    assert ports.addresses == [Address("127.0.0.1", 6883)]
    assert ports.port == 6883


def test_the_port_of_the_rpc_is_left_to_it():
    network = Network(Reactor())
    network.taken = {Address("127.0.0.1", 9090)}
    ports = Listening(network, Factory(), lambda address: DatagramProtocol(), [9091])
    assert start(ports, Address("127.0.0.1", 9090)).addresses == [Address("127.0.0.1", 9092)]


def test_any_port_is_the_same_on_every_address():
    network = Network(Reactor())
    ports = start(listening(network), Address("127.0.0.1", 0), Address("::1", 0))
    assert ports.addresses[0].port == ports.addresses[1].port == ports.port


def test_an_address_of_another_machine_is_left_out():
    network = Network(Reactor())
    real = network.listen
    refused = []

    def listen(factory, address):
        if address.host == "::1":
            refused.append(address)
            return fail(CannotListenError(address.host, address.port, OSError("no such address")))
        return real(factory, address)

    network.listen = listen
    ports = start(listening(network), Address("::1", 6881), Address("127.0.0.1", 6881))
    assert ports.addresses == [Address("127.0.0.1", 6881)]
    assert len(refused) == ATTEMPTS


def test_an_address_that_is_not_ours_is_tried_once():
    network = Network(Reactor())
    refused = []

    def listen(factory, address):
        refused.append(address)
        problem = OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        return fail(CannotListenError(address.host, address.port, problem))

    network.listen = listen
    with capturedLogs() as events:
        assert start(listening(network), Address("192.0.2.77", 5000)).addresses == []
    assert refused == [Address("192.0.2.77", 5000)]
    assert [formatEvent(event) for event in events] == [
        "network.listen: cannot listen on 192.0.2.77:5000: Cannot assign requested address"
    ]


def test_a_udp_port_in_use_frees_the_tcp_port_again():
    network = Network(Reactor())
    real = network.datagrams

    def datagrams(protocol, address):
        if address.port == 6881:
            raise CannotListenError(address.host, address.port, OSError("in use"))
        return real(protocol, address)

    network.datagrams = datagrams
    ports = start(listening(network), Address("127.0.0.1", 6881))
    assert ports.addresses == [Address("127.0.0.1", 6882)]
    assert list(network.listening) == [Address("127.0.0.1", 6882)]
    result(ports.stop())
    assert network.listening == {}
    assert ports.port == 0


def test_the_last_port_is_not_exceeded():
    network = Network(Reactor())
    network.taken = {Address("127.0.0.1", 65_535)}
    assert start(listening(network), Address("127.0.0.1", 65_535)).addresses == []
