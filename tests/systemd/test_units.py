"""The units, judged by systemd's own tools.

A tool that is missing skips the test, or fails it where TORRENTD_REQUIRE_PEERS=1 promises that everything is there.
"""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
INSTALLED = "/usr/local/bin/twistd"
UNITS = ("torrentd.service", "torrentd.socket")


def tool(name: str) -> str:
    """Its path; the test ends here without it."""
    found = shutil.which(name)
    if found is None:
        reason = f"{name} is not installed (Debian: systemd)"
        if os.environ.get("TORRENTD_REQUIRE_PEERS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def run(*command: str) -> str:
    """Everything that it says; it must succeed."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units with the twistd that is installed here."""
    for name in UNITS:
        text = (SYSTEMD / name).read_text()
        (tmp_path / name).write_text(text.replace(INSTALLED, str(Path(sys.executable).with_name("twistd"))))
    return tmp_path


def section(unit: str, name: str) -> configparser.SectionProxy:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(SYSTEMD / unit)
    return parser[name]


@pytest.mark.interop
def test_systemd_accepts_the_units(units: Path) -> None:
    said = run(tool("systemd-analyze"), "verify", *(str(units / name) for name in UNITS))
    assert "torrentd" not in said, said


@pytest.mark.interop
def test_the_service_is_well_confined(units: Path) -> None:
    """100 is an ordinary service, 20 leaves little to a program that was taken over."""
    run(
        tool("systemd-analyze"), "security", "--offline=true", "--no-pager", "--threshold=20",
        str(units / "torrentd.service"),
    )  # fmt: skip


@pytest.mark.interop
def test_the_user_and_the_directories_can_be_made(tmp_path: Path) -> None:
    sysusers, tmpfiles = tool("systemd-sysusers"), tool("systemd-tmpfiles")
    if os.geteuid() != 0:
        pytest.skip("only root can make directories for another user")
    (tmp_path / "etc").mkdir()
    for folder in ("sysusers.d", "tmpfiles.d"):
        shutil.copytree(SYSTEMD / folder, tmp_path / "usr/lib" / folder)
    run(sysusers, f"--root={tmp_path}", "torrentd.conf")
    home = next(line for line in (tmp_path / "etc/passwd").read_text().splitlines() if line.startswith("torrentd:"))
    assert home.split(":")[5] == "/srv/torrentd"
    run(tmpfiles, f"--root={tmp_path}", "--create", "torrentd.conf")
    modes = {
        path: (tmp_path / path).stat().st_mode & 0o777
        for path in ("run/torrentd", "var/lib/torrentd", "srv/torrentd/Downloads")
    }
    assert modes == {"run/torrentd": 0o750, "var/lib/torrentd": 0o700, "srv/torrentd/Downloads": 0o750}


def test_the_socket_is_the_one_that_the_daemon_and_torrentctl_look_for() -> None:
    socket, service = section("torrentd.socket", "Socket"), section("torrentd.service", "Service")
    assert socket["ListenStream"] == "/run/torrentd/rpc.sock"
    assert socket["FileDescriptorName"] == "rpc"
    assert (socket["SocketGroup"], socket["SocketMode"]) == (service["Group"], "0660")
    assert service["RuntimeDirectory"] == "torrentd"
    assert service["RuntimeDirectoryMode"] == "0750", "the group must reach the socket"
    assert service["RuntimeDirectoryPreserve"] == "yes", "a restart must not remove it"


def test_the_service_agrees_with_the_daemon() -> None:
    service = section("torrentd.service", "Service")
    assert service["ExecStart"] == f"{INSTALLED} --nodaemon --pidfile= torrentd"
    assert (service["Type"], service["NotifyAccess"]) == ("notify", "main")
    assert service["RestartPreventExitStatus"] == "78"
    assert service["Restart"] == "on-failure"
    assert service["ExecReload"].endswith("-HUP $MAINPID")
    assert service["StateDirectory"] == service["ConfigurationDirectory"] == "torrentd"
