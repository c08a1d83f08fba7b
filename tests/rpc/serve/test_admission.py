from __future__ import annotations

import pytest

from tests.rpc.serve.http_client import Server, Silence


@pytest.mark.parametrize(
    ("host", "options", "let_in"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("::ffff:127.0.0.1", {}, True),
        ("192.0.2.1", {}, False),
        ("::ffff:192.0.2.1", {}, False),
        ("192.0.2.1", {"encrypted": True}, True),
        ("10.1.2.3", {"proxies": ["10.0.0.0/8"]}, True),
        ("::ffff:10.1.2.3", {"proxies": ["10.0.0.0/8"]}, True),
        ("11.1.2.3", {"proxies": ["10.0.0.0/8", "192.0.2.1"]}, False),
    ],
)
def test_a_token_does_not_cross_a_network_in_the_clear(host: str, options: dict[str, object], let_in: bool) -> None:
    assert (Server(**options).try_connect(host) is not None) == let_in  # type: ignore[arg-type]


def test_a_trusted_proxy_says_who_guesses() -> None:
    server = Server(proxies=["10.0.0.1"])
    for _ in range(8):
        _guess(server, "10.0.0.1", "192.0.2.1, 198.51.100.1")
    assert _guess(server, "10.0.0.1", "192.0.2.1, 198.51.100.2") == 401
    assert _guess(server, "10.0.0.1", "198.51.100.1") is None


def test_others_are_not_believed() -> None:
    server = Server()
    answers = [_guess(server, "127.0.0.1", f"192.0.2.{number}") for number in range(6)]
    assert answers == [401] * 5 + [None]


def _guess(server: Server, host: str, forwarded: str) -> int | None:
    """The status of a request with a wrong token; None if the answer waits."""
    client = server.connect(host)
    try:
        return client.post(Authorization="Bearer guess", X_Forwarded_For=forwarded).status
    except Silence:
        return None
