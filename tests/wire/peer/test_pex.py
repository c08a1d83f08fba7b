from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.address import Address
from torrentd.model.errors import ProtocolError
from torrentd.wire import bencode
from torrentd.wire.peer.pex import MAX_MESSAGE, MOST, Contact, PexMessage, encode, parse

ports = st.integers(1, 65535)
v4 = st.builds(Address, st.ip_addresses(v=4).map(str), ports)
v6 = st.builds(Address, st.ip_addresses(v=6).filter(lambda ip: not ip.ipv4_mapped).map(str), ports)
flags = st.integers(0, 255)


def contacts(addresses):
    return st.lists(st.builds(Contact, addresses, flags), max_size=MOST // 2)


@given(contacts(v4), contacts(v6), st.lists(v4, max_size=25), st.lists(v6, max_size=25), st.binary(max_size=3))
def test_there_and_back_with_anything_behind(added, added6, dropped, dropped6, rest):
    message = PexMessage(added + added6, dropped + dropped6)
    assert parse(encode(message) + rest) == message


def test_a_real_one():
    payload = b"d5:added6:\x01\x02\x03\x04\x1a\xe17:added.f1:\x126:added60:8:added6.f0:7:dropped6:\x7f\0\0\1\0\1e"
    assert parse(payload) == PexMessage([Contact(Address("1.2.3.4", 6881), 0x12)], [Address("127.0.0.1", 1)])
    assert encode(PexMessage()) == b"de"


def test_flags_stay_with_their_addresses():
    packed = b"\1\1\1\1\0\0" + b"\2\2\2\2\0\2" + b"\3\3\3\3\0\3" + b"\4\4\4\4"
    assert parse(bencode.encode({"added": packed, "added.f": b"\1\2"})).added == [
        Contact(Address("2.2.2.2", 2), 2),
        Contact(Address("3.3.3.3", 3), 0),
    ]


@pytest.mark.parametrize(("fours", "sixes", "taken"), [(200, 0, (50, 0)), (200, 200, (25, 25)), (3, 200, (3, 47))])
def test_no_more_than_50_are_taken(fours, sixes, taken):
    four, six = b"\1\2\3\4\0\1" * fours, (bytes(15) + b"\1\0\1") * sixes
    message = parse(bencode.encode({"added": four, "added6": six, "dropped": four, "dropped6": six}))
    for found in ([contact.address for contact in message.added], message.dropped):
        hosts = [one.host for one in found]
        assert (hosts.count("1.2.3.4"), hosts.count("::1")) == taken


@pytest.mark.parametrize("said", [{"added": 5, "added.f": [], "dropped6": {}}, {"added6": b"short"}, {}])
def test_fields_of_the_wrong_kind_are_not_there(said):
    assert parse(bencode.encode(said)) == PexMessage()


@pytest.mark.parametrize("payload", [b"", b"le", b"d", b"d5:addedi1e5:addedi1ee", b"l" * 1000])
def test_what_is_no_dictionary_is_the_peers_fault(payload):
    with pytest.raises(ProtocolError):
        parse(payload)


def test_a_long_message_is_the_peers_fault():
    most = MAX_MESSAGE - len(b"d5:added16000:e")
    assert parse(bencode.encode({"added": bytes(most)})) == PexMessage()
    with pytest.raises(ProtocolError, match="16385 bytes"):
        parse(bencode.encode({"added": bytes(most + 1)}))


@given(st.binary(max_size=60))
def test_any_bytes_give_a_message_or_the_peers_error(data):
    with contextlib.suppress(ProtocolError):
        parse(data)
