"""Where torrentctl looks for the daemon, and to whom it shows a token."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Torrentctl
from tests.cli.fake_daemon import FakeDaemon, serving
from torrentd.cli.endpoints import Choice, candidates, choose
from torrentd.cli.exits import Failed
from torrentd.rpc.client import UrlEndpoint

NOTHING = Choice(None, None, None)


def places(environment: dict[str, str]) -> list[str]:
    return [str(endpoint) for endpoint in candidates(NOTHING, environment)]


def test_search_order() -> None:
    environment = {"HOME": "/home/u", "XDG_RUNTIME_DIR": "/run/user/1000"}
    assert places(environment) == [
        "/run/user/1000/torrentd/rpc.sock",
        "/home/u/.local/state/torrentd/rpc.sock",
        "/run/torrentd/rpc.sock",
    ]
    assert places({"HOME": "/home/u", "XDG_STATE_HOME": "/s"}) == ["/s/torrentd/rpc.sock", "/run/torrentd/rpc.sock"]


def test_options_beat_the_environment() -> None:
    environment = {"TORRENTCTL_URL": "http://h/", "TORRENTCTL_TOKEN_FILE": "/t"}
    assert choose(None, None, None, environment) == Choice(None, "http://h/", "/t")
    assert choose("/s", None, "/mine", environment) == Choice("/s", None, "/mine")
    assert choose(None, None, None, {"TORRENTCTL_SOCKET": "/e"}) == Choice("/e", None, None)


def test_two_places_at_once() -> None:
    with pytest.raises(Failed, match="exclude"):
        choose("/s", "http://h/", None, {})
    with pytest.raises(Failed, match="both set"):
        choose(None, None, None, {"TORRENTCTL_SOCKET": "/s", "TORRENTCTL_URL": "http://h/"})


def token_of(url: str, environment: dict[str, str], token_file: str | None = None) -> str | None:
    (endpoint,) = candidates(Choice(None, url, token_file), environment)
    assert isinstance(endpoint, UrlEndpoint)
    return endpoint.token


def test_the_token_found_by_itself_stays_on_this_machine(tmp_path: Path) -> None:
    environment = {"XDG_STATE_HOME": str(tmp_path)}
    assert token_of("http://127.0.0.1:9091", environment) is None
    (tmp_path / "torrentd").mkdir()
    (tmp_path / "torrentd" / "token").write_text("ab" * 32 + "\n")
    for url in ("http://127.0.0.1:9091", "http://localhost/", "https://[::1]:1/rpc"):
        assert token_of(url, environment) == "ab" * 32
    for url in ("http://192.0.2.1:9091", "https://seedbox.example/", "http://localhost.example/"):
        assert token_of(url, environment) is None
    other = tmp_path / "other"
    other.write_text("cd")
    assert token_of("https://seedbox.example/", environment, str(other)) == "cd"


@pytest.mark.parametrize("content", [b"", b"\n", b"two words", b"caf\xc3\xa9", b"a\nb"])
def test_what_is_no_token(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(Failed, match="no token file"):
        token_of("http://h/", {}, str(tmp_path / "token"))


def test_nobody_answers(nobody: Torrentctl, tmp_path: Path) -> None:
    outcome = nobody("status")
    assert (outcome.code, outcome.out) == (5, "")
    for place in (tmp_path / "run", tmp_path / ".local/state"):
        assert f"{place}/torrentd/rpc.sock: no such file or directory" in outcome.err
    assert "/run/torrentd/rpc.sock" in outcome.err
    assert "twistd --nodaemon torrentd" in outcome.err
    assert outcome.err.count("\n") == 1


def test_the_second_place_answers(nobody: Torrentctl, tmp_path: Path) -> None:
    (tmp_path / "s" / "torrentd").mkdir(parents=True)
    nobody.environment["XDG_STATE_HOME"] = str(tmp_path / "s")
    with serving(str(tmp_path / "s" / "torrentd" / "rpc.sock")) as fake:
        fake.answers["daemon.shutdown"] = {}
        assert nobody("shutdown").code == 0


def test_by_url(nobody: Torrentctl, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("00ff\n")
    with serving(("127.0.0.1", 0)) as fake:
        fake.answers["daemon.shutdown"] = {}
        url = f"http://127.0.0.1:{fake.address[1]}"
        assert nobody("--url", url, "--token-file", str(tmp_path / "token"), "shutdown").code == 0
        assert fake.headers[0]["Authorization"] == "Bearer 00ff"
        nobody.environment |= {"TORRENTCTL_URL": url, "TORRENTCTL_TOKEN_FILE": str(tmp_path / "missing")}
        outcome = nobody("shutdown")
        assert (outcome.code, outcome.err.count("\n")) == (2, 1)
        assert nobody("--url", "http://u:p@h/", "shutdown").code == 2


def test_denied(torrentctl: Torrentctl, fake: FakeDaemon) -> None:
    fake.reply = lambda handler, body: handler.send_error(403)
    outcome = torrentctl("status")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (6, "", 1)


def test_a_token_that_is_refused_is_told_from_where_it_was(nobody: Torrentctl, tmp_path: Path) -> None:
    token = tmp_path / ".local" / "state" / "torrentd" / "token"
    token.parent.mkdir(parents=True)
    token.write_text("00ff\n")
    with serving(("127.0.0.1", 0)) as fake:
        fake.reply = lambda handler, body: handler.send_error(401)
        outcome = nobody("--url", f"http://127.0.0.1:{fake.address[1]}", "status")
    assert (outcome.code, outcome.err.count("\n")) == (6, 1)
    assert f"(the token is from {token})" in outcome.err
