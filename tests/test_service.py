"""The daemon as a process: signals, addresses in use, systemd, and what it says."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop.processes import until
from tests.running import PATIENCE, TWISTD, Running
from tests.session.world import Sample
from torrentd.rpc.client import RpcFailed


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    made: list[Running] = []

    def make(toml: str = "", name: str = "d") -> Running:
        (tmp_path / name).mkdir()
        made.append(Running(tmp_path / name, toml))
        return made[-1]

    yield make
    for daemon in made:
        daemon.close()


def taken() -> tuple[socket.socket, int]:
    """A loopback port with a listener."""
    listening = socket.create_server(("127.0.0.1", 0))
    return listening, listening.getsockname()[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_starts_says_where_and_ends_with_0(make, number):
    daemon = make().start()
    status = daemon.call("daemon.status")
    assert status["pid"] == daemon.process.pid
    assert daemon.end(number) == 0
    assert "STOPPING=1" in daemon.told("STOPPING=1")
    assert daemon.err == ""
    for words in (
        f"peers: listening on {status['listen'][0]}",
        f"downloads go to {daemon.folder}/downloads",
        f"{daemon.state}/token",
        f"RPC: listening on {daemon.socket}",
        "torrentctl",
        "stopped",
    ):
        assert words in daemon.out
    assert not daemon.socket.exists()
    assert not (daemon.folder / "twistd.pid").exists()
    assert sorted(path.name for path in daemon.folder.iterdir()) == ["config.toml", "err", "notify", "out", "state"]


def test_python_m_torrentd_and_shutdown_by_rpc(make):
    daemon = make()
    daemon.start(sys.executable, "-m", "torrentd", "--config", daemon.config)
    assert daemon.call("daemon.shutdown") == {}
    assert daemon.process.wait(PATIENCE) == 0


def rates(daemon):
    limits = daemon.call("limits.get")
    return limits["down"], limits["up"]


def test_sighup_reloads_and_survives_a_bad_file(make):
    daemon = make("[limits]\ndownload = 1000\n").start()
    daemon.write('[limits]\ndownload = 2000\n[log]\nformat = "json"\nlevel = "debug"\n[storage]\nmin_free = 0\n')
    daemon.process.send_signal(signal.SIGHUP)
    daemon.told("RELOADING=1")
    daemon.told("READY=1")
    assert rates(daemon) == (2000, "unlimited")
    daemon.write("[limits]\ndownload = 3000\n[nonsense]\n")
    daemon.process.send_signal(signal.SIGHUP)
    daemon.told("RELOADING=1")
    daemon.told("READY=1")
    assert rates(daemon) == (2000, "unlimited")
    assert daemon.end() == 0
    lines = [line for line in daemon.out.splitlines() if line.startswith("{")]
    messages = [json.loads(line)["message"] for line in lines]
    assert any("storage.min_free" in message and "restart" in message for message in messages)
    assert any("config.toml" in message and "nonsense" in message for message in messages)


def test_a_reload_says_what_is_in_force(make):
    daemon = make("[limits]\ndownload = 1000\nupload = 1000\n").start()
    daemon.call("limits.set", down=5)
    daemon.write("[limits]\ndownload = 2000\nupload = 2000\n[storage]\nmin_free = 0\n[discovery]\npex = true\n")
    answer = daemon.call("daemon.reload")
    assert answer == {"changed": ["limits.upload"], "restart_required": ["storage.min_free"]}
    keys = ["limits.download", "limits.upload", "storage.min_free", "discovery.pex"]
    assert daemon.call("config.get", keys=keys) == {
        "values": {"limits.download": 5, "limits.upload": 2000, "storage.min_free": 2**28, "discovery.pex": True},
        "source": dict(zip(keys, ("runtime", "file", "default", "file"), strict=True)),
    }
    daemon.call("limits.set", down=None)
    assert rates(daemon) == (2000, 2000)
    daemon.write("[limits]\ndownload = -1\n[nonsense]\n")
    with pytest.raises(RpcFailed) as caught:
        daemon.call("daemon.reload")
    assert len(caught.value.data["problems"]) == 2
    assert daemon.end() == 0
    assert "what was set at run time stays in force: limits.download" in daemon.out


def test_a_tls_file_that_is_missing_is_a_configuration_error(make):
    daemon = make()
    daemon.write(f'[rpc]\ntls_certificate = "{daemon.folder}/c"\ntls_key = "{daemon.config}"\n')
    assert daemon.run() == 78
    assert f"rpc.tls_certificate: {daemon.folder}/c: no such file" in daemon.err


def test_downloads_that_cannot_be_written_are_told_at_the_start(make):
    daemon = make()
    (daemon.folder / "downloads").write_text("a file")
    daemon.start()
    words = f"paths.download_dir: {daemon.folder}/downloads: cannot be written: not a directory"
    until(lambda: words in daemon.out, "it is told", PATIENCE)
    assert daemon.end() == 0


def test_an_rpc_address_in_use_is_one_line_that_names_the_key(make):
    listening, port = taken()
    with listening:
        daemon = make(f'[rpc]\nunix = "off"\ntcp = "127.0.0.1:{port}"\n')
        assert daemon.run() == 1
    assert len(daemon.err.splitlines()) == 1
    assert "rpc.tcp" in daemon.err
    assert f"pid {os.getpid()}" in daemon.err
    assert "Traceback" not in daemon.out


def test_a_database_of_another_format_is_one_line(make):
    daemon = make()
    daemon.state.mkdir()
    connection = sqlite3.connect(daemon.state / "torrentd.db")
    connection.execute("CREATE TABLE torrent (id)")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    assert daemon.run() == 1
    assert len(daemon.err.splitlines()) == 1
    assert "written by another version of torrentd" in daemon.err
    assert [line.split(": ", 1)[1] for line in daemon.out.splitlines()] == ["stopped"]


def test_a_peer_port_in_use_is_the_next_one(make):
    listening, port = taken()
    with listening:
        daemon = make(f'[network]\nlisten = ["127.0.0.1:{port}"]\n').start()
        (bound,) = daemon.call("daemon.status")["listen"]
        assert bound.startswith("127.0.0.1:")
        assert bound != f"127.0.0.1:{port}"
        assert daemon.end() == 0
    assert f"127.0.0.1:{port} is in use; listening on {bound}" in daemon.out


def test_the_second_daemon_on_a_state_directory_names_the_first(make):
    first, second = make().start(), make(name="e")
    second.config.write_text(first.config.read_text())
    assert second.run() == 1
    assert second.err.count("\n") == 1
    assert f"process {first.process.pid}" in second.err
    assert first.call("daemon.version")
    assert first.end() == 0


def test_a_state_directory_that_cannot_be_is_one_line(make):
    daemon = make()
    daemon.state.write_text("a file")
    assert daemon.run() == 1
    assert len(daemon.err.splitlines()) == 1
    assert str(daemon.state) in daemon.err


def test_a_lock_of_a_killed_daemon_is_free(make):
    daemon = make().start()
    daemon.end(signal.SIGKILL)
    assert daemon.socket.exists()
    daemon.start()
    assert daemon.call("daemon.version")
    assert daemon.end() == 0


def test_log_lines_are_json_if_wished_and_names_are_escaped(make):
    daemon = make('[log]\nformat = "json"\n').start()
    torrent = Sample("evil\x1b[31m\u202e\nname")
    daemon.call("torrent.add", metainfo=base64.b64encode(torrent.metainfo).decode(), paused=True)
    assert daemon.end() == 0
    rows = [json.loads(line) for line in daemon.out.splitlines()]
    assert {"time", "level", "namespace", "message"} <= set(rows[0])
    (added,) = [row["message"] for row in rows if row["message"].endswith(": added")]
    assert added.isprintable()
    assert "\x1b" not in daemon.out


def test_socket_activation(make, tmp_path):
    path = tmp_path / "activated.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        daemon = make()
        launcher = (
            "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ['LISTEN_PID'] = str(os.getpid()); "
            "os.execv(sys.argv[2], sys.argv[2:])"
        )
        fd = listening.fileno()
        daemon.environment |= {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "torrentd.socket"}
        command = (sys.executable, "-c", launcher, fd, TWISTD, "--nodaemon", "torrentd", "--config", daemon.config)
        daemon.start(*command, pass_fds=(fd,))
        assert not daemon.socket.exists()
        daemon.socket = path
        assert daemon.call("daemon.version")["api_version"]
        assert daemon.end() == 0
        assert path.exists()  # systemd listens on


def test_as_a_daemon_it_logs_to_the_state_directory(make):
    daemon = make()
    assert daemon.run(TWISTD, "torrentd", "--config", daemon.config) == 0
    daemon.told("READY=1")
    pid = daemon.call("daemon.status")["pid"]
    assert pid != daemon.process.pid
    daemon.call("daemon.shutdown")
    daemon.told("STOPPING=1")
    with open(daemon.state / "lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # held until it has stopped
    assert "stopped" in (daemon.state / "torrentd.log").read_text()
    assert daemon.out == ""
    assert daemon.state.stat().st_mode & 0o077 == 0


def test_as_a_daemon_it_says_in_its_log_why_it_cannot_start(make):
    first = make().start()
    second = make(name="e")
    second.config.write_text(first.config.read_text())
    second.run(TWISTD, "--logfile", second.folder / "log", "torrentd", "--config", second.config)
    until(lambda: f"process {first.process.pid}" in (second.folder / "log").read_text(), "it says so", PATIENCE)
    assert first.end() == 0
