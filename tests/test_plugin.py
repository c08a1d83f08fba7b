"""The options of `twistd torrentd`, and what of twistd and the reactor is undone."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.python import usage

from tests.running import python
from torrentd import __version__
from torrentd.plugin import EX_CONFIG, Options


class Parent(usage.Options):
    """As much of twistd's options as ours look at."""

    optParameters = [["pidfile", None, "twistd.pid"], ["logfile", "l", None]]
    optFlags = [["nodaemon", "n"], ["syslog", None]]
    subCommands = [["torrentd", None, Options, ""]]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(f'[paths]\nstate_dir = "{tmp_path}/state"\n')
    return path


def exit_status(*arguments: object) -> object:
    with pytest.raises(SystemExit) as caught:
        Options().parseOptions([str(argument) for argument in arguments])
    return caught.value.code


def test_the_version_is_ours(capsys):
    assert exit_status("--version") == 0
    assert capsys.readouterr().out == f"torrentd {__version__}\n"


def test_a_good_file(config, capsys):
    assert exit_status("--config", config, "--check-config") == 0
    assert capsys.readouterr().out == f"{config}: OK\n"
    assert not (config.parent / "state").exists()


def test_every_problem_is_printed_with_its_line(config, capsys):
    config.write_text('[paths]\nstate_dirr = "/x"\n\n[peers]\nupload_slots = "many"\n')
    assert exit_status("--config", config, "--check-config") == EX_CONFIG
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"{config}:2: paths.state_dirr: ")
    assert "did you mean paths.state_dir?" in first
    assert second.startswith(f"{config}:5: peers.upload_slots: ")


def test_a_start_with_a_bad_file_ends_the_same_way(config, capsys):
    config.write_text("[nonsense]\n")
    with pytest.raises(SystemExit) as caught:
        Parent().parseOptions(["torrentd", "--config", str(config)])
    assert caught.value.code == EX_CONFIG
    assert capsys.readouterr().err.startswith(f"{config}:1: nonsense: ")


def test_a_file_that_is_not_there(tmp_path, capsys):
    assert exit_status("--config", tmp_path / "none.toml", "--check-config") == EX_CONFIG
    assert str(tmp_path / "none.toml") in capsys.readouterr().err


def test_the_pid_file_is_written_only_if_it_was_asked_for(config):
    parent = Parent()
    parent.parseOptions(["torrentd", "--config", str(config)])
    assert parent["pidfile"] == ""
    parent = Parent()
    parent.parseOptions(["--pidfile", "mine.pid", "torrentd", "--config", str(config)])
    assert parent["pidfile"] == "mine.pid"


def test_directories_on_the_command_line_beat_the_file(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parent = Parent()
    parent.parseOptions(["torrentd", "--config", str(config), "--state-dir", "other", "--download-dir", "/films"])
    paths = parent.subOptions.configuration.settings.paths
    assert (paths.state_dir, paths.download_dir) == (f"{tmp_path}/other", "/films")


STEPS = """
import sys, time
from torrentd.composition import reactor
from torrentd.plugin import Options, makeService

options = Options()
options.parseOptions(["--config", sys.argv[1]])
from torrentd.plugin import read_or_exit
options.configuration = read_or_exit(options)
makeService(options)

fired, seen, wall = [], [], time.time
reactor.callLater(3600, fired.append, "an hour")

def back():
    seen.append(reactor.seconds())
    time.time = lambda: wall() - 3600
    reactor.callLater(0.05, reactor.stop)

time.time = lambda: wall() + 10 * 365 * 86400
seen.append(reactor.seconds())
reactor.callLater(0.05, back)
reactor.run()
seen.append(reactor.seconds())
assert not fired
assert seen == sorted(seen) and seen[-1] - seen[0] < 10, seen
print("steady")
"""


def test_timers_do_not_follow_a_clock_that_steps(config):
    done = python("-c", STEPS, str(config))
    assert (done.stdout, done.returncode) == ("steady\n", 0), done.stderr


def test_check_config_as_a_program(config, tmp_path):
    config.write_text("[limits]\nupload = -1\n")
    done = python("-m", "torrentd", "--check-config", "--config", str(config), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (EX_CONFIG, "")
    assert done.stderr.startswith(f"{config}:2: limits.upload: ")


def test_making_a_service_opens_nothing(config):
    script = (
        "import os, sys, threading; import torrentd.composition; from torrentd.plugin import *; o = Options(); "
        "o.parseOptions(['--config', sys.argv[1]]); o.configuration = read_or_exit(o); "
        "before = os.listdir('/proc/self/fd'); makeService(o); "
        "assert os.listdir('/proc/self/fd') == before; assert threading.active_count() == 1"
    )
    done = python("-c", script, str(config))
    assert done.returncode == 0, done.stderr
    assert not (config.parent / "state").exists()
