"""torrentctl as a program: streams, signals, start-up, completion."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.cli.conftest import Torrentctl
from tests.cli.fake_daemon import FakeDaemon
from tests.cli.rows import cjk, hostile, listing, torrent
from torrentd import __version__
from torrentd.cli.main import COMMANDS

START = "from torrentd.cli.main import main; main()"
RUN = """import sys
from torrentd.cli.main import run
from torrentd.cli.session import Session
run(sys.argv[1:], Session())
"""


def program(words: Sequence[str], environment: dict[str, str], code: str = START) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, timeout=30, check=False)


def test_a_terminal_that_is_not_utf8_gets_every_name(fake: FakeDaemon) -> None:
    fake.answers["torrent.list"] = listing(cjk())
    environment = {"TORRENTCTL_SOCKET": fake.address, "PYTHONIOENCODING": "ascii"}
    done = program(["list", "--columns", "name"], environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"\\u6620\\u753b")


def test_in_a_real_terminal(fake: FakeDaemon) -> None:
    fake.answers["torrent.list"] = listing(torrent(), hostile())
    leader, follower = pty.openpty()
    environment = {**os.environ, "TORRENTCTL_SOCKET": fake.address, "TERM": "xterm", "COLUMNS": "80", "NO_COLOR": ""}
    command = [sys.executable, "-c", START, "list"]
    with subprocess.Popen(command, env=environment, stdin=follower, stdout=follower, stderr=follower) as process:
        os.close(follower)
        seen = b""
        try:
            while chunk := os.read(leader, 65536):
                seen += chunk
        except OSError:
            pass  # Linux says so when the other side has closed
        os.close(leader)
    assert process.returncode == 0
    assert b"\x1b[1mNAME" in seen
    assert b"\x1b[36mdownloading" in seen
    assert b"[red]evil\\x1b[31m" in seen


def test_whoever_read_our_output_has_gone(fake: FakeDaemon) -> None:
    fake.answers["torrent.list"] = listing(*(torrent(f"{n:040x}") for n in range(2000)))
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-c", START, "list"]
    environment = {**os.environ, "TORRENTCTL_SOCKET": fake.address}
    done = subprocess.run(command, env=environment, stdout=writer, stderr=subprocess.PIPE, timeout=30, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_what_a_full_disk_does_not_take_is_no_success(fake: FakeDaemon) -> None:
    fake.answers["torrent.list"] = listing(torrent())
    command = [sys.executable, "-c", START, "list"]
    environment = {**os.environ, "TORRENTCTL_SOCKET": fake.address}
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, env=environment, stdout=full, stderr=subprocess.PIPE, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stderr == b"torrentctl: No space left on device\n"


@pytest.fixture
def gone() -> Iterator[int]:
    """A pipe from which nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@pytest.mark.parametrize("stream", ["-", "/dev/full", "gone"])
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("pause 11111111", 0),
        ("wait 11111111", 0),
        ("status --nonsense", 2),
        ("show 00000000", 3),
        ("wait 11111111 --timeout 0", 4),
        ("--socket /no/such status", 5),
        ("rename 11111111 a b", 1),
    ],
)
def test_what_nobody_can_read_changes_no_exit_code(
    fake: FakeDaemon, gone: int, stream: str, words: str, code: int
) -> None:
    id = "1" * 40
    is_pending = "--timeout" in words
    fake.answers |= {
        "torrent.list": listing(torrent(id)),
        "torrent.pause": {"done": [id], "failed": []},
        "torrent.wait": {"done": [] if is_pending else [id], "pending": [id] if is_pending else [], "failed": []},
    }
    where = {"-": "2>&-", "gone": f"2>&{gone}"}.get(stream, f"2>{stream}")
    command = ["bash", "-c", f"exec {sys.executable} -c '{START}' {words} {where}"]
    environment = {**os.environ, "TORRENTCTL_SOCKET": fake.address}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, pass_fds=[gone], timeout=30, check=False)
    assert done.returncode == code
    assert b"torrentctl" not in done.stdout


def test_without_a_stdout_nothing_is_a_success(fake: FakeDaemon) -> None:
    fake.answers["torrent.list"] = listing(torrent())
    command = ["bash", "-c", f"exec {sys.executable} -c '{START}' list >&-"]
    environment = {**os.environ, "TORRENTCTL_SOCKET": fake.address}
    done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (1, b"torrentctl: Bad file descriptor\n")


def test_interrupted(fake: FakeDaemon) -> None:
    fake.reply = lambda handler, body: os.kill(process.pid, signal.SIGINT)
    command = [sys.executable, "-c", START, "status"]
    environment = {**os.environ, "TORRENTCTL_SOCKET": fake.address}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, b"", b"")


HEAVY = (
    "twisted",
    "http.client",
    "ssl",
    "email",
    "rich",
    "msgspec",
    "asyncio",
    "torrentd.session",
    "torrentd.config",
    "bencodepy",
    "zope",
)


def test_a_pipe_loads_nothing_heavy(fake: FakeDaemon) -> None:
    fake.answers["torrent.list"] = listing(torrent())
    code = f"{RUN}print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    done = program(["list"], {"TORRENTCTL_SOCKET": fake.address}, code)
    assert (done.returncode, done.stderr) == (0, b"[]\n")


def test_help_loads_no_http() -> None:
    code = f"{RUN}print('http.client' in sys.modules, file=sys.stderr)"
    assert program(["list", "--help"], {}, code).stderr == b"False\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(nobody: Torrentctl, name: str) -> None:
    outcome = nobody(name, "--help")
    assert outcome.code == 0
    assert outcome.out.startswith(f"Usage: torrentctl {name}")


def test_what_commands_do_is_told_in_whole_sentences(nobody: Torrentctl) -> None:
    lines = nobody("--help").out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert len(lines) == len(COMMANDS)
    assert [line for line in lines if not line.endswith(".") or line.endswith("...")] == []


def test_a_mistyped_command_is_told_what_it_may_be(nobody: Torrentctl) -> None:
    outcome = nobody("lst")
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (2, "", 1)
    assert "Did you mean 'list'?" in outcome.err
    assert "mean" not in nobody("xyzzy").err


def test_version_of_the_program(nobody: Torrentctl) -> None:
    assert nobody("--version").out == f"torrentctl {__version__}\n"


def test_exclusive_forms(nobody: Torrentctl) -> None:
    outcome = nobody("--json", "list", "--plain")
    assert (outcome.code, outcome.err) == (2, "torrentctl: --json and --plain exclude each other\n")


@pytest.mark.parametrize(
    ("shell", "word"), [("bash", "complete -o"), ("zsh", "compdef"), ("fish", "complete --no-files")]
)
def test_completion_scripts(nobody: Torrentctl, shell: str, word: str) -> None:
    outcome = nobody("completion", shell)
    assert outcome.code == 0
    assert word in outcome.out
    assert "_TORRENTCTL_COMPLETE" in outcome.out


def completed(fake: FakeDaemon, line: str) -> list[str]:
    environment = {"TORRENTCTL_SOCKET": fake.address, "_TORRENTCTL_COMPLETE": "bash_complete", "COMP_WORDS": line}
    return [word for word in program([], environment).stdout.decode().splitlines() if word]


def test_completion_of_commands_and_torrents(fake: FakeDaemon, tmp_path: Path) -> None:
    fake.answers["torrent.list"] = listing(torrent(), hostile())
    assert completed(fake, "torrentctl pa") == ["plain,pause"]
    assert completed(fake, "torrentctl show u") == ["plain,ubuntu-24.04.iso"]
    assert completed(fake, "torrentctl show ff") == [f"plain,{'f' * 40}"]
    fake.answers["config.get"] = {"values": {"log.level": "info", "log.format": "text", "web.folder": ""}}
    assert completed(fake, "torrentctl config set log.") == ["open,log.level=", "open,log.format="]
    assert completed(fake, "torrentctl config get log.l") == ["plain,log.level"]
    assert completed(fake, "torrentctl list label:l") == ["plain,linux"]
    assert completed(fake, "torrentctl list se") == ["plain,seeding"]
    assert completed(fake, "torrentctl add --dir x") == ["dir,"]
    assert completed(fake, "torrentctl inspect x") == ["file,"]
    fake.answers.clear()
    assert completed(fake, "torrentctl show u") == []
    assert completed(fake, "torrentctl config get l") == []


@pytest.mark.parametrize(
    "words",
    ["--timeout nan list", "list --watch nan", "wait all --timeout nan", "inspect magnet:? --fetch --timeout nan"],
)
def test_no_number_is_no_number_of_seconds(torrentctl: Torrentctl, words: str) -> None:
    outcome = torrentctl(*words.split())
    assert outcome.code == 2
    assert "not a number of seconds" in outcome.err


@pytest.mark.parametrize("seconds", ["inf", "1e300"])
def test_for_ever(torrentctl: Torrentctl, fake: FakeDaemon, seconds: str) -> None:
    fake.answers |= {"torrent.list": listing(), "torrent.wait": {"done": [], "pending": [], "failed": []}}
    assert torrentctl("--timeout", seconds, "list").code == 0
    assert torrentctl("wait", "all", "--timeout", seconds).code == 0
