from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.web.http_headers import Headers

from torrentd.rpc.serve.browsers import BrowserRules

RULES = BrowserRules(["Seedbox.Example"])


def status(**headers: list[bytes]) -> int | None:
    given = Headers({name.replace("_", "-").encode(): values for name, values in headers.items()})
    refusal = RULES.refusal(given)
    return refusal.status if refusal else None


@pytest.mark.parametrize("host", [b"localhost", b"10.0.0.1:80", b"[::1]", b"[fe80::1]:9091", b"seedbox.example:9091"])
def test_known_hosts(host: bytes) -> None:
    assert status(host=[host]) is None


@pytest.mark.parametrize("hosts", [[], [b"localhost", b"localhost"], [b"::1"], [b"[::1"], [b"example.com"], [b":80"]])
def test_other_hosts(hosts: list[bytes]) -> None:
    assert status(host=hosts) == 421


def test_the_same_origin_at_a_default_port() -> None:
    assert status(host=[b"localhost"], origin=[b"http://localhost:80"]) is None
    assert status(host=[b"localhost"], origin=[b"https://localhost"]) is None
    assert status(host=[b"localhost:443"], origin=[b"http://localhost"]) == 403


def test_one_foreign_origin_among_several() -> None:
    assert status(host=[b"localhost"], origin=[b"http://localhost", b"http://evil.example"]) == 403


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_bytes_are_decided(host: bytes, origin: bytes) -> None:
    assert status(host=[host], origin=[origin]) in (None, 403, 421)
