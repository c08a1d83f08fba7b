"""torrentctl run in this process, against a scripted daemon, on a terminal or in a pipe."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.cli.fake_daemon import FakeDaemon, serving
from torrentd.cli.main import run
from torrentd.cli.session import Session


class Stream(io.StringIO):
    """A text stream that says whether it is a terminal."""

    def __init__(self, terminal: bool, text: str = "") -> None:
        super().__init__(text)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


class Stdin(Stream):
    """What is typed or piped in, as text or as bytes."""

    def __init__(self, terminal: bool, text: str, raw: bytes) -> None:
        super().__init__(terminal, text)
        self.buffer = io.BytesIO(raw)


@dataclass
class Outcome:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What a person sees: without the blanks that fill a terminal's line."""
        return [line.rstrip() for line in self.out.splitlines()]


@dataclass
class Torrentctl:
    """Call it with the words of a command line."""

    monkeypatch: pytest.MonkeyPatch
    environment: dict[str, str]
    terminal: bool = False
    stdin: str = ""
    stdin_bytes: bytes = b""
    now: float = 1000.0
    slept: list[float] = field(default_factory=list)
    most_sleeps: int = 3

    def __call__(self, *words: str) -> Outcome:
        out, err = Stream(self.terminal), Stream(self.terminal)
        self.monkeypatch.setattr(sys, "stdin", Stdin(self.terminal, self.stdin, self.stdin_bytes))
        session = Session(self.environment, lambda: self.now, self._sleep)
        with redirect_stdout(out), redirect_stderr(err):
            code = run(words, session)
        return Outcome(code, out.getvalue(), err.getvalue())

    def on_terminal(self, width: int = 80, **environment: str) -> Torrentctl:
        """From now on a person of this width looks at it, without colours unless asked for."""
        self.terminal = True
        self.environment |= {"COLUMNS": str(width), "NO_COLOR": "1", "TERM": "xterm", **environment}
        return self

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) == self.most_sleeps:
            raise KeyboardInterrupt


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeDaemon]:
    with serving(str(tmp_path / "rpc.sock")) as daemon:
        yield daemon


@pytest.fixture
def torrentctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Torrentctl:
    monkeypatch.setenv("TZ", "UTC")
    environment = {"TORRENTCTL_SOCKET": str(tmp_path / "rpc.sock"), "HOME": str(tmp_path)}
    return Torrentctl(monkeypatch, environment)


@pytest.fixture
def nobody(torrentctl: Torrentctl, tmp_path: Path) -> Any:
    """torrentctl where no daemon runs."""
    torrentctl.environment = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    return torrentctl
