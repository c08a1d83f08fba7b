"""Completion as shells do it: what is quoted how, and a real bash in a terminal."""

from __future__ import annotations

import os
import pty
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.fake_daemon import FakeDaemon
from tests.cli.rows import hostile, listing, torrent
from tests.interop.processes import require
from torrentd.cli.shells import Typed, quoted, typed

START = f"{sys.executable} -c 'from torrentd.cli.main import main; main()'"
NAMES = ["My Film (1080p) [x].mkv", 'Tag: 1=2, "it\'s" $HOME;`x`.iso', "映画 題名.mkv", "My Other Film.mkv"]
IDS = {name: f"{number:040x}" for number, name in enumerate(NAMES)}


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("torrentctl show ", Typed("", "", "")),
        ("torrentctl show My\\ F", Typed("My F", "", "")),
        ("torrentctl show 'My F", Typed("My F", "", "'")),
        ('torrentctl show "', Typed("", "", '"')),
        ("torrentctl list label:l", Typed("label:l", "label:", "")),
        ("torrentctl show Tag:\\ 1=", Typed("Tag: 1=", "Tag: 1=", "")),
        ("torrentctl show Tag\\: x", Typed("x", "", "")),
    ],
)
def test_the_word_that_is_typed(line: str, word: Typed) -> None:
    assert typed(line) == word


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("begun", ["", "'", '"'])
def test_what_is_quoted_is_the_name(name: str, begun: str) -> None:
    value = quoted(name, Typed("", "", begun))
    if value is None:
        assert begun == "'" and "'" in name
    else:
        command = [require("bash"), "-c", f"printf %s {begun}{value}{begun}"]
        assert subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=10).stdout.decode() == name


@pytest.fixture
def bash(fake: FakeDaemon, tmp_path: Path) -> Iterator[int]:
    """The terminal of a bash that has read our script."""
    fake.answers["torrent.list"] = listing(*(torrent(id, name) for name, id in IDS.items()), hostile())
    fake.answers["torrent.get"] = {"torrent": torrent()}
    (tmp_path / "some file.torrent").touch()
    (tmp_path / "rc").write_text(
        f'torrentctl() {{ {START} "$@"; }}\n'
        'PS1="ready>"\nbind "set bell-style none"\nsource <(torrentctl completion bash)\n'
    )
    leader, follower = pty.openpty()
    environment = {
        **os.environ,
        "TORRENTCTL_SOCKET": fake.address,
        "TERM": "dumb",
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
    }
    command = [require("bash"), "--noprofile", "--rcfile", str(tmp_path / "rc"), "-i"]
    with subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdin=follower, stdout=follower, stderr=follower, start_new_session=True
    ) as process:
        os.close(follower)
        try:
            read_until(leader, "ready>")
            yield leader
        finally:
            process.kill()
            os.close(leader)


def read_until(leader: int, words: str, seconds: float = 20.0) -> str:
    """What the terminal shows, up to and with these words."""
    seen, deadline = "", time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        selector.register(leader, selectors.EVENT_READ)
        while words not in seen:
            assert selector.select(deadline - time.monotonic()), f"no {words!r} in {seen!r}"
            seen += os.read(leader, 65536).decode(errors="replace")
    return seen


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        ("My\\ F", NAMES[0]),
        ('"My F', NAMES[0]),
        ("Ta", NAMES[1]),
        ("Tag:", NAMES[1]),
        ("Tag:\\ 1=", NAMES[1]),
        ("映", NAMES[2]),
    ],
)
def test_bash_completes_names(bash: int, fake: FakeDaemon, keys: str, name: str) -> None:
    os.write(bash, f"torrentctl show {keys}\t\n".encode())
    read_until(bash, "ready>")
    assert fake.asked("torrent.get") == [{"id": IDS[name]}]


def test_bash_completes_files(bash: int) -> None:
    os.write(bash, b"torrentctl magnet some\t\n")
    assert "some file.torrent" in read_until(bash, "ready>").replace("\\", "")
