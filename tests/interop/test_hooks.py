"""The watch folder and hooks of a real daemon, with real programs."""

from __future__ import annotations

import os

from tests.interop.conftest import Stage
from tests.interop.content import MIB, make
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.processes import until


def test_a_file_in_the_watch_folder_ends_in_a_hook(stage: Stage) -> None:
    watched, told = stage.directory("watched"), stage.folder / "told"
    argv = ["/bin/sh", "-c", f"echo it ran in $(pwd); env > {told}.new; mv {told}.new {told}"]
    daemon = stage.place(
        Torrentd, watch={"dir": str(watched)}, hooks={"on_completed": argv, "on_added": ["/no/such", "secret"]}
    )
    torrent = make(daemon.downloads, {"content; touch $HOME/oops": MIB})
    (watched / "one.torrent").write_bytes(torrent.metainfo)
    os.environ["SECRET_OF_MINE"] = "1"
    try:
        daemon.start()
        until(told.exists, "the hook ran", WAIT)
    finally:
        del os.environ["SECRET_OF_MINE"]
    lines = told.read_text().splitlines()
    assert f"TORRENTD_ID={torrent.info_hash}" in lines
    assert f"TORRENTD_NAME={torrent.name}" in lines
    assert f"TORRENTD_DIR={daemon.downloads}" in lines
    assert not [
        line
        for line in lines
        if line.partition("=")[0] not in ("PATH", "LANG", "PWD", "SHLVL", "_", "OLDPWD")
        and not line.startswith("TORRENTD_")
    ]
    assert [path.name for path in watched.iterdir()] == ["one.torrent.added"]
    until(lambda: "hook on_completed: it ran in /\n" in daemon.log(), "its output is in the log", WAIT)
    until(lambda: "/no/such ended with 127" in daemon.log(), "the one that is not there is in the log", WAIT)
    assert "/no/such: not found" in daemon.log() or "/no/such: No such file" in daemon.log()
    assert "secret" not in daemon.log()
    assert daemon.stop() == 0
