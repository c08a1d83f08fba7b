"""Tracker URLs taken apart."""

from __future__ import annotations

import pytest

from torrentd.model.errors import TrackerError
from torrentd.net.trackers.target import follow, host_of, parse, parse_udp, without_secrets


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("http://example.org/announce?x=%20%FF", b"http://example.org/announce?x=%20%FF"),
        ("HTTP://Example.ORG:80/announce", b"http://example.org/announce"),
        ("https://example.org:8443", b"https://example.org:8443/"),
        ("http://[2001:db8::1]:6969/a", b"http://[2001:db8::1]:6969/a"),
        ("http://user:secret@example.org/a#part", b"http://example.org/a"),
        ("http://example.org/a b\u00e9", b"http://example.org/a%20b%C3%A9"),
        ("http://b\u00fccher.example/", b"http://xn--bcher-kva.example/"),
    ],
)
def test_what_is_sent(url: str, sent: bytes) -> None:
    assert parse(url).url == sent


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///etc/passwd",
        "ftp://example.org/",
        "http:///announce",
        "http://example.org:0/",
        "http://example.org:99999/",
        "http://example.org:x/",
        "http://[::1/",
        "http://" + "\u00fc" * 300 + "/",
        "udp://example.org:1",
    ],
)
def test_what_is_no_tracker(url: str) -> None:
    with pytest.raises(TrackerError):
        parse(url)


def test_user_and_password_become_a_header() -> None:
    assert parse("http://user:p%40ss@example.org/").credentials == b"Basic dXNlcjpwQHNz"
    assert parse("http://example.org/").credentials == b""


@pytest.mark.parametrize(
    ("location", "url", "credentials"),
    [
        ("/other?x=1", b"http://example.org/other?x=1", True),
        ("http://example.org/b", b"http://example.org/b", True),
        ("http://other:word@example.org/b", b"http://example.org/b", True),
        ("https://example.org/b", b"https://example.org/b", False),
        ("http://example.org:81/b", b"http://example.org:81/b", False),
        ("//elsewhere.example/b", b"http://elsewhere.example/b", False),
    ],
)
def test_redirects(location: str, url: bytes, credentials: bool) -> None:
    found = follow(parse("http://user:word@example.org/a"), location)
    assert found.url == url
    assert found.credentials == (b"Basic dXNlcjp3b3Jk" if credentials else b"")


@pytest.mark.parametrize("location", ["file:///etc/passwd", "gopher://example.org/", "http://[", "http://a:b:c/"])
def test_redirects_to_nowhere(location: str) -> None:
    with pytest.raises(TrackerError):
        follow(parse("http://example.org/a"), location)


def test_udp() -> None:
    assert parse_udp("udp://example.org:6969/announce") == ("example.org", 6969)
    for url in ("udp://example.org/announce", "udp://:1", "udp://example.org:99999", "udp://[::1:5"):
        with pytest.raises(TrackerError):
            parse_udp(url)


def test_hosts() -> None:
    assert host_of("http://user:secret@Example.org:80/passkey") == "example.org"
    assert host_of("http://[broken") == ""
    assert host_of("rubbish") == ""


def test_what_may_be_a_passkey_is_not_repeated() -> None:
    url = "http://user:geheimnis@example.org/0123456789abcdef/announce?pass=fedcba9876543210&x=1"
    text = "key 0123456789abcdef of /announce, fedcba9876543210 or geheimnis unknown; x=1"
    assert without_secrets(text, url) == "key ... of /announce, ... or ... unknown; x=1"
    assert without_secrets("as it was", "http://[broken") == "as it was"
