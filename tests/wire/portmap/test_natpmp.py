"""NAT-PMP as RFC 6886 has it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.simulate.internet.portmapper import PortMapper
from torrentd.wire.portmap import natpmp
from torrentd.wire.portmap.messages import Granted, Refused, SeenAt


def test_the_request_for_the_address_and_its_answer():
    assert natpmp.ASK_ADDRESS == b"\0\0"
    assert natpmp.parse(bytes.fromhex("0080 0000 0000004d 09080706")) == SeenAt("9.8.7.6")


def test_the_request_for_a_port_and_its_answer():
    asked = natpmp.ask_port("tcp", 51413, 51413, 3600)
    assert asked.hex(" ", 2) == "0002 0000 c8d5 c8d5 0000 0e10"
    assert natpmp.ask_port("udp", 1, 2, 3).hex(" ", 2) == "0001 0000 0001 0002 0000 0003"
    assert natpmp.parse(bytes.fromhex("0082 0000 0000004d c8d5 c8d6 00000e10")) == Granted("tcp", 51413, 51414, 3600)
    assert natpmp.parse(bytes.fromhex("0081 0000 0000004d 0001 0002 00000003")) == Granted("udp", 1, 2, 3)


def test_a_removal_wishes_no_port():
    assert natpmp.ask_port("tcp", 51413, 51413, 0).hex(" ", 2) == "0002 0000 c8d5 0000 0000 0000"


@pytest.mark.parametrize(
    ("code", "words"), [(2, "not permitted"), (3, "no address"), (4, "no ports"), (99, "error 99")]
)
def test_refusals_have_reasons(code, words):
    answer = natpmp.parse(bytes([0, 130, 0, code]) + bytes(12))
    assert isinstance(answer, Refused)
    assert words in answer.reason
    assert (answer.protocol, answer.wrong_version) == ("tcp", False)


def test_another_version():
    assert natpmp.parse(bytes([0, 129, 0, 1, 0, 0, 0, 7])) == Refused("does not speak NAT-PMP", True, "udp")


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\0\x80\0",
        b"\0\x80\0\0" + bytes(7),  # an address cut short
        b"\0\x82\0\0" + bytes(11),  # a mapping cut short
        b"\0\x02\0\0" + bytes(12),  # a request
        b"\2\x81\0\0" + bytes(56),  # PCP
        b"\0\x85\0\0" + bytes(12),  # no opcode of ours
    ],
)
def test_what_is_no_answer(datagram):
    with pytest.raises(ValueError):
        natpmp.parse(datagram)


@given(st.binary(max_size=20))
def test_nonsense_is_a_value_error(datagram):
    with contextlib.suppress(ValueError):
        natpmp.parse(datagram)


def test_the_fake_router_speaks_it():
    (answer,) = PortMapper(shift=5).answer(natpmp.ask_port("udp", 1000, 1000, 9000))
    assert natpmp.parse(answer) == Granted("udp", 1000, 1005, 7200)
