"""The files of a web client: all that are in the folder, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rpc.serve.http_client import Server, head
from tests.rpc.serve.test_transmission import BASIC, ask
from torrentd.rpc.pages import web
from torrentd.rpc.pages.web import WebFiles, is_meant

SECRET = b"secret"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a client's files, traps in it, and a secret beside it."""
    (tmp_path / "secret").write_bytes(SECRET)
    inside = tmp_path / "web"
    (inside / "style").mkdir(parents=True)
    (inside / "index.html").write_bytes(b"<p>hello")
    (inside / "style" / "a b.CSS").write_bytes(b"p {}")
    (inside / "style" / "strange.bin").write_bytes(b"\0")
    (inside / ".hidden").write_bytes(SECRET)
    (inside / "out").symlink_to(tmp_path / "secret")
    (inside / "up").symlink_to(tmp_path)
    (inside / "again").symlink_to("index.html")
    os.mkfifo(inside / "pipe")
    return inside


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("", b"<p>hello", "text/html; charset=utf-8"),
        ("index.html?x=/../", b"<p>hello", "text/html; charset=utf-8"),
        ("style/a%20b.CSS", b"p {}", "text/css; charset=utf-8"),
        ("style/strange.bin", b"\0", "application/octet-stream"),
    ],
)
def test_files(folder: Path, path: str, body: bytes, kind: str) -> None:
    answer = ask(Server(web=str(folder)).connect(), b"", "GET", f"/transmission/web/{path}")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, body, kind)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert not [name for name in answer.headers if name.startswith("access-control")]


TRAPS = """../secret %2e%2e/secret ..%2fsecret style/../../secret style/..%5c..%5csecret ./index.html style//a%20b.CSS
/index.html .hidden out up/secret up/web/index.html again pipe style style/ nothing index.html/ index.html/x %00
index.html%00.css %ff %252e%252e/secret //etc/passwd %2fetc%2fpasswd style%2fa%20b.CSS"""


@pytest.mark.parametrize("path", [*TRAPS.split(), "a/" * 100, "a" * 5000])
def test_traps(folder: Path, path: str) -> None:
    answer = ask(Server(web=str(folder)).connect(), b"", "GET", f"/transmission/web/{path}")
    assert (answer.status, answer.body) == (404, b"There is no such file.\n")


@given(st.lists(st.sampled_from([b"..", b".", b"/", b"%2e", b"%2f", b"web", b"up", b"out", b"secret", b"\\", b"%00"])))
def test_no_path_leads_to_the_secret(tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]) -> None:
    top = tmp_path_factory.getbasetemp() / "traps"
    if not top.exists():
        (top / "web").mkdir(parents=True)
        (top / "secret").write_bytes(SECRET)
        (top / "web" / "out").symlink_to("../secret")
        (top / "web" / "up").symlink_to("..")
    assert WebFiles(str(top / "web")).page(web.ROOT + b"".join(parts)).body != SECRET


@pytest.mark.parametrize("path", ["", "/", "/web"])
def test_the_way_there(folder: Path, path: str) -> None:
    answer = ask(Server(web=str(folder)).connect(), b"", "GET", f"/transmission{path}")
    assert (answer.status, answer.headers["location"]) == (301, "/transmission/web/")


def test_head(folder: Path) -> None:
    client = Server(web=str(folder)).connect()
    client.send(head("HEAD", "/transmission/web/", None, {"Authorization": BASIC}))
    lines, end, body = client.transport.value().partition(b"\r\n\r\n")
    assert lines.startswith(b"HTTP/1.1 200") and b"Content-Length: 8" in lines
    assert (end, body) == (b"\r\n\r\n", b"")


def test_only_for_who_has_the_token_and_calls_us_by_our_name(folder: Path) -> None:
    server = Server(web=str(folder))

    def status(method: str = "GET", **headers: str | None) -> int:
        return ask(server.connect(), b"", method, "/transmission/web/", **headers).status

    assert status(Authorization=None) == 401
    assert status(Host="evil.example") == 421
    assert status("POST") == status("DELETE") == 405
    assert status() == 200


def test_nothing_is_served_where_nothing_is_configured() -> None:
    answer = ask(Server().connect(), b"", "GET", "/transmission/web/")
    assert answer.status == 404
    assert b"web.folder" in answer.body
    assert ask(Server(unix=True).connect(), b"", "GET", "/transmission/web/").json["error"]["code"] == -32600


def test_files_that_are_too_large(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "LARGEST", 7)
    assert WebFiles(str(folder)).page(web.ROOT).status == 404


def test_no_descriptor_is_left_open(folder: Path) -> None:
    files = WebFiles(str(folder))
    before = len(os.listdir("/proc/self/fd"))
    for path in ("", "out", "up/secret", "style/a%20b.CSS", "pipe", "nothing/at/all"):
        files.page(web.ROOT + path.encode())
    assert len(os.listdir("/proc/self/fd")) == before
    assert WebFiles(str(folder / "gone")).page(web.ROOT).status == 404


def test_what_is_meant() -> None:
    assert all(is_meant(path) for path in (b"/transmission", b"/transmission/web/x", b"/transmission/?x"))
    assert not any(is_meant(path) for path in (b"/transmission/rpc", b"/transmissionx", b"/transmission/webx", b"/rpc"))
