"""All of `attacks`, and other users of the machine, against a running daemon: none of them gets through."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.rpc.serve.attacks import ADD, ATTACKS, CLOSED, LEGACY_ADD, Attack, call, http
from tests.running import PATIENCE, Running
from torrentd.rpc.client import RpcFailed

HALF_REQUESTS = 100
"""more than strangers may have connections"""
NOBODY, NOGROUP = 65534, "nogroup"
SECRET = "this is not for everybody"
CONFIG = """[rpc]
unix = "{folder}/rpc.sock"
unix_group = "{group}"
tcp = "127.0.0.1:0"
[web]
folder = "{folder}/web"
[discovery]
dht = false
lsd = false
[log]
level = "debug"
"""


class Scene:
    """A daemon with tokens, and with a web client's folder that has more than a web client in it."""

    def __init__(self, daemon: Running) -> None:
        self.daemon = daemon
        self._web(daemon.folder)
        daemon.start()
        (address,) = re.findall(r"RPC: listening on .*?([0-9.]+:[0-9]+)$", self.log, re.MULTILINE)
        self.port = int(address.rpartition(":")[2])
        self._sources = 1
        self.fillings = self._tokens() | {"host": address}
        first = self.ask(http(LEGACY_ADD, "POST", "/transmission/rpc", Content_Type=None))
        session = re.search(rb"^X-Transmission-Session-Id: (\S+)\r", first, re.MULTILINE)
        assert session is not None
        self.fillings["session"] = session[1].decode()
        self.before = self.state()

    def _web(self, folder: Path) -> None:
        web, outside = folder / "web", folder / "outside"
        (web / "deep").mkdir(parents=True)
        outside.mkdir()
        for secret in (folder / "secret", outside / "secret", web / ".secret"):
            secret.write_text(SECRET)
        (web / "index.html").write_text("<h1>web</h1>")
        (web / "link").symlink_to(folder / "secret")
        (web / "folder").symlink_to(outside)
        os.mkfifo(web / "pipe")

    def _tokens(self) -> dict[str, str]:
        def made(name: str, *scopes: str, **more: float) -> str:
            return str(self.daemon.call("token.create", name=name, scopes=scopes, **more)["secret"])

        first = (self.daemon.state / "token").read_text().strip()
        fillings = {scope: made(scope, scope) for scope in ("read", "control", "settings")}
        fillings["revoked"] = made("revoked", "read", "control", "settings")
        self.daemon.call("token.revoke", name="revoked")
        fillings["expired"] = self._expired()
        digest = hashlib.sha256(fillings["control"].encode()).hexdigest()
        as_user = base64.b64encode(f"{first}:".encode()).decode()
        return fillings | {"all": first, "most": first[:-1], "as-user": as_user, "digest": digest}

    def _expired(self) -> str:
        """A token whose time is over. How long it must be good for to be made at all, only a busy machine knows."""
        for seconds in (0.2, 1.0, 5.0, PATIENCE):
            params = {"name": "expired", "scopes": ["read", "control", "settings"]}
            with suppress(RpcFailed):  # it would have begun in the past
                end = time.time() + seconds
                secret = str(self.daemon.call("token.create", **params, expires=end)["secret"])
                while time.time() <= end:
                    time.sleep(0.01)
                return secret
        pytest.fail("no token could be made in time")

    @property
    def log(self) -> str:
        return self.daemon.out + self.daemon.err

    def state(self) -> list[Any]:
        """All that a call could have changed."""
        calls = ("torrent.list", "config.get", "limits.get", "token.list", "job.list")
        return [*map(self.daemon.call, calls), self.daemon.call("daemon.status")["pid"]]

    def connect(self) -> socket.socket:
        """From an address that nobody called from before: who guesses is answered slowly."""
        self._sources += 1
        source = f"127.0.{self._sources >> 8}.{self._sources & 255}"
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE, (source, 0))

    def ask(self, template: bytes, frames: bytes = b"") -> bytes:
        """All that is answered; `frames` are sent when a WebSocket is there."""
        data = re.sub(rb"<([a-z-]+)>", lambda found: self.fillings[found[1].decode()].encode(), template)
        answer = b""
        with self.connect() as connection, suppress(ConnectionResetError):
            with suppress(OSError):  # it has heard enough
                connection.sendall(data)
            while more := connection.recv(65536):
                answer, before = answer + more, answer
                with suppress(OSError):
                    if frames and answer.startswith(b"HTTP/1.1 101") and whole(answer):
                        answer, now = b"", frames
                        frames = b""
                        connection.sendall(now)
                    elif whole(answer) and not whole(before):
                        connection.shutdown(socket.SHUT_WR)  # what else was to be said is said by now
        return answer


def whole(answer: bytes) -> bool:
    head, end, rest = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/"):
        return len(answer) >= 4  # a frame
    length = re.search(rb"(?i)content-length: (\d+)", head)
    return bool(end) and len(rest) >= (int(length[1]) if length else 0)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where other users can go, too."""
    made = Path(tempfile.mkdtemp(prefix="torrentd-break-in-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def scene(folder: Path) -> Iterator[Scene]:
    with closing(Running(folder, CONFIG.format(folder=folder, group=NOGROUP))) as daemon:
        yield Scene(daemon)


def test_there_are_enough() -> None:
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS) >= 40


@pytest.mark.parametrize("attack", ATTACKS, ids=[attack.name for attack in ATTACKS])
def test_it_does_not_get_through(scene: Scene, attack: Attack) -> None:
    answer = scene.ask(attack.data, attack.frames)
    assert outcome(answer, attack) == attack.expected
    assert b'"result":{' not in answer and SECRET.encode() not in answer
    assert scene.fillings["all"].encode() not in answer
    assert b"access-control-" not in answer.lower()
    assert scene.daemon.call("torrent.list")["total"] == 0


def outcome(answer: bytes, attack: Attack) -> object:
    """What came out, in the terms of what was expected: every answer that there is says the same."""
    expected = attack.expected
    statuses = {int(status) for status in re.findall(rb"^HTTP/1\.1 (\d+)", answer, re.MULTILINE)}
    if not answer:
        return CLOSED
    if attack.frames and not statuses:
        return of_websocket(answer)
    if isinstance(expected, str):
        return expected if statuses == {200} and expected.encode() in answer else answer
    if expected < 0:
        codes = {int(code) for code in re.findall(rb'"code":(-?\d+)', answer)}
        return expected if statuses == {200} and codes == {expected} else answer
    return expected if statuses == {expected} else answer


def of_websocket(frames: bytes) -> object:
    """The close code, or the code of an error."""
    if frames[0] == 0x88:
        return int.from_bytes(frames[2:4], "big")
    codes = re.findall(rb'"code":(-?\d+)', frames)
    return int(codes[0]) if codes else frames


def test_half_a_request_holds_nobody_up(scene: Scene) -> None:
    half = [scene.connect() for _ in range(HALF_REQUESTS)]
    for number, connection in enumerate(half):
        with suppress(ConnectionError):  # it had to make room
            connection.sendall(b"POST /rpc HTTP/1.1\r\nHost: localhost\r\n"[: number % 36])
    assert b"200 OK" in scene.ask(http(call("daemon.version")))
    assert scene.daemon.call("torrent.list")["total"] == 0
    for connection in half:
        connection.close()


# --- other users of this machine

CLIENT = """
import json, socket, sys
path, *calls = sys.argv[1:]
connection = socket.socket(socket.AF_UNIX)
connection.settimeout(20)
connection.connect(path)
for body in calls:
    head = "POST /rpc HTTP/1.1\\r\\nHost: x\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n\\r\\n"
    connection.sendall((head % len(body) + body).encode())
    answer = b""
    while b"}" not in answer[-1:]:
        answer += connection.recv(65536)
    print(answer.partition(b"\\r\\n\\r\\n")[2].decode())
"""


def as_user(groups: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a program as another user. Root alone can; elsewhere than in CI that need not be."""
    if os.geteuid() != 0:
        if os.environ.get("TORRENTD_REQUIRE_PEERS") == "1":
            pytest.fail("other users are tried as root, and TORRENTD_REQUIRE_PEERS=1 wants it")
        pytest.skip("only root can be another user")
    setpriv = ["setpriv", f"--reuid={NOBODY}", "--regid=12345", groups, "--no-new-privs", "--inh-caps=-all"]
    return subprocess.run(
        [*setpriv, *command], capture_output=True, text=True, check=False, timeout=PATIENCE, cwd="/", env={}
    )


def calling(scene: Scene, groups: str, *bodies: bytes) -> subprocess.CompletedProcess[str]:
    python = os.path.realpath(sys.executable)
    return as_user(groups, python, "-I", "-S", "-c", CLIENT, str(scene.daemon.socket), *(b.decode() for b in bodies))


def test_a_user_who_is_not_in_the_group(scene: Scene) -> None:
    tried = calling(scene, "--clear-groups", ADD)
    assert tried.returncode != 0 and "PermissionError" in tried.stderr and tried.stdout == ""


@pytest.mark.parametrize("file", ["token", "torrentd.db", "torrentd.db-wal", "lock"])
def test_a_user_who_looks_for_secrets(scene: Scene, file: str) -> None:
    tried = as_user(f"--groups={NOBODY}", "cat", str(scene.daemon.state / file))
    assert tried.returncode != 0 and tried.stdout == "" and "Permission denied" in tried.stderr


FORBIDDEN = [
    call("daemon.shutdown"),
    call("daemon.reload"),
    call("daemon.set_log_level", level="critical"),
    call("config.set", values={"limits.download": 1}),
    call("limits.set", down=1),
    call("token.create", name="x", scopes=["settings"]),
    call("token.list"),
    call("token.revoke", name="read"),
]


def test_a_user_in_the_group_controls_torrents_and_nothing_else(scene: Scene) -> None:
    tried = calling(scene, f"--groups={NOBODY}", *FORBIDDEN, call("auth.whoami"))
    *refused, whoami = map(json.loads, tried.stdout.splitlines())
    assert [answer["error"]["code"] for answer in refused] == [-32001] * len(FORBIDDEN)
    assert whoami["result"] == {
        "caller": f"uid {NOBODY}",
        "scopes": ["control", "read"],
        "token": None,
        "expires": None,
    }


# --- after all of it


def test_nothing_has_changed_and_it_answers(scene: Scene) -> None:
    assert scene.state() == scene.before
    assert "Traceback" not in scene.log and "Incident" not in scene.log
    for secret in ("all", "read", "control", "settings", "revoked", "expired"):
        assert scene.fillings[secret] not in scene.log
    assert b'"added":true' in scene.ask(http())  # what every attack tried
    assert scene.daemon.call("torrent.list")["total"] == 1
    assert scene.daemon.end() == 0
