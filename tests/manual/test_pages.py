"""The manual pages: complete, and shown without a warning."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from tests.interop.processes import require
from torrentd.cli.main import COMMANDS, torrentctl
from torrentd.cli.session import Session
from torrentd.config.settings import SECTIONS
from torrentd.manual import settings
from torrentd.manual.__main__ import PAGES, main, write
from torrentd.manual.client import EXAMPLES
from torrentd.manual.roff import Page


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a reader sees of each page; a warning of groff fails the test."""
    groff, texts = require("groff"), {}
    for path in write(tmp_path_factory.mktemp("man")):
        for width in (80, 300):
            command = [groff, "-man", "-ww", "-Tascii", "-P-cbou", f"-rLL={width}n", "-k", str(path)]
            outcome = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
            assert outcome.stderr == ""
        texts[path.name] = outcome.stdout
    return texts


def test_every_command_is_told(shown: dict[str, str]) -> None:
    for name in COMMANDS:
        assert f"\n   {name} " in shown["torrentctl.1"]
    assert "--delete-data" in shown["torrentctl.1"]
    assert "130 interrupted" in shown["torrentctl.1"]


def test_every_key_is_told_with_its_comment(shown: dict[str, str]) -> None:
    page = shown["torrentd.toml.5"]
    for section, struct in SECTIONS.items():
        assert f"[{section}]" in page
        for name in struct.__struct_fields__:
            assert f"\n       {name} = " in page, f"{section}.{name}"
    _, groups = settings.read(settings.example())
    assert [group.lines for group in groups if not group.comment] == []


def test_the_daemon_s_options_are_told(shown: dict[str, str]) -> None:
    for words in ("--config", "--state-dir", "--download-dir", "--check-config", "SIGHUP", "78"):
        assert words in shown["torrentd.8"]


def test_text_is_never_a_request() -> None:
    page = Page("x", 1, "1", "it's \\fBodd\\fR")
    page.text(".so /etc/passwd\n\n'br\n\n\b\n.as it is\n  \\stands")
    page.item(".TH", ".ig")
    lines = str(page).splitlines()
    macros = {line.split()[0] for line in lines if line[:1] in ".'"}
    assert macros <= {".TH", ".nh", ".ad", ".SH", ".PP", ".nf", ".fi", ".TP"}
    assert "\\&.so /etc/passwd" in lines
    assert not any("\\fBodd" in line for line in lines)


def test_they_are_written_where_man_looks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 0
    printed = capsys.readouterr().out.split()
    assert printed == [
        str(tmp_path / name) for name in ("man1/torrentctl.1", "man5/torrentd.toml.5", "man8/torrentd.8")
    ]
    assert len(printed) == len(PAGES)


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--help"]])
def test_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("usage: ")


def test_a_place_that_is_not_a_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main([str(tmp_path / "file")]) == 1
    assert "file" in capsys.readouterr().err


def test_examples_are_understood() -> None:
    for line in EXAMPLES:
        words = shlex.split(line.partition("|")[0])[1:]
        context = torrentctl.make_context("torrentctl", list(words), obj=Session({}))
        with context:
            name, command, rest = torrentctl.resolve_command(context, list(words))
            assert command is not None
            with command.make_context(name, rest, parent=context) as inner:
                assert not [word for word in inner.params.get("filters", ()) if ":" in word]
