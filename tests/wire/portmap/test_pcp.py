"""PCP as RFC 6887 has it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.simulate.internet.portmapper import PortMapper
from torrentd.wire.portmap import natpmp, pcp
from torrentd.wire.portmap.messages import Granted, Refused

NONCE = bytes(range(12))


def test_the_request_for_a_port():
    asked = pcp.ask_port("192.168.1.5", NONCE, "tcp", 51413, 51414, 3600)
    assert asked.hex() == (
        "02010000" "00000e10" "00000000000000000000ffffc0a80105"
        "000102030405060708090a0b" "06000000" "c8d5" "c8d6" "00000000000000000000ffff00000000"
    )  # fmt: skip


def test_ipv6():
    asked = pcp.ask_port("2a00::5", NONCE, "udp", 1, 2, 3)
    assert asked[8:24].hex() == "2a00" + "00" * 13 + "05"
    assert asked[36] == 17
    assert asked[44:] == bytes(16)
    (answer,) = PortMapper(address="2a00::5").answer(asked)
    assert pcp.parse(answer) == Granted("udp", 1, 2, 3, "2a00::5", NONCE)


def test_an_answer():
    answer = bytes.fromhex(
        "02810000" "00000e10" "0000004d" "000000000000000000000000"
        "000102030405060708090a0b" "11000000" "c8d5" "c8d6" "00000000000000000000ffff09080706"
    )  # fmt: skip
    assert pcp.parse(answer) == Granted("udp", 51413, 51414, 3600, "9.8.7.6", NONCE)
    assert pcp.parse(answer + b"options") == pcp.parse(answer)


@pytest.mark.parametrize(("code", "words"), [(2, "not permitted"), (8, "no ports"), (12, "another router"), (99, "99")])
def test_refusals_have_reasons(code, words):
    router = PortMapper()
    router.refuse[6] = code
    answer = pcp.parse(router.answer(pcp.ask_port("10.0.0.2", NONCE, "tcp", 1, 1, 10))[0])
    assert isinstance(answer, Refused)
    assert words in answer.reason
    assert (answer.protocol, answer.wrong_version) == ("tcp", False)


def test_a_router_that_only_speaks_natpmp():
    (answer,) = PortMapper(["nat-pmp"]).answer(pcp.ask_port("10.0.0.2", NONCE, "tcp", 1, 1, 10))
    assert pcp.parse(answer) == Refused("does not speak this version of PCP", wrong_version=True)


def test_a_later_version():
    assert pcp.parse(bytes([2, 0x81, 0, 1]) + bytes(20)) == Refused("does not speak this version of PCP", True)


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\2\x81\0",
        b"\2\x81\0\0" + bytes(55),  # cut short
        b"\2\x82\0\0" + bytes(56),  # PEER
        pcp.ask_port("10.0.0.2", NONCE, "tcp", 1, 1, 10),  # our own request
        b"\2\x81\0\0" + bytes(56),  # protocol 0
        natpmp.ASK_ADDRESS,
    ],
)
def test_what_is_no_answer(datagram):
    with pytest.raises(ValueError):
        pcp.parse(datagram)


@given(st.binary(max_size=70) | st.binary(min_size=56, max_size=60).map(lambda rest: b"\2\x81\0\0" + rest))
def test_nonsense_is_a_value_error(datagram):
    with contextlib.suppress(ValueError):
        pcp.parse(datagram)
