"""`twistd torrentd`: what twistd asks of a plugin, its options and its service.

Only the configuration is read here; the program itself (`torrentd.composition`) is imported when it is to run. So a
configuration is checked in a fraction of the time of a start. One habit of twistd is undone: it writes `twistd.pid`
into the working directory also in the foreground.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from twisted.python import usage

from torrentd import __version__, config
from torrentd.config import ConfigError, Configuration

if TYPE_CHECKING:
    from torrentd.service import TorrentdService

EX_CONFIG = 78
"""sysexits(3): a configuration error; systemd is told not to restart on it."""

YOUNG_OBJECTS = 20_000
"""Objects that wait for the garbage collector before it looks at them, 700 in plain Python. A block in flight is a few
of them and is freed without it; with 700 it looked at each, some of them often enough to be taken for old. Nor is what
stays, modules and the records of thousands of torrents, looked at again and again during the start."""


class Options(usage.Options):
    """What may stand behind `twistd torrentd`."""

    optParameters = [
        ["config", "c", None, "The configuration file, instead of the usual places."],
        ["state-dir", None, None, "Where the database, the token and the lock are."],
        ["download-dir", None, None, "Where torrents go unless told otherwise."],
    ]
    configuration: Configuration
    optFlags = [["check-config", None, "Check the configuration, say what is wrong with it, and exit."]]

    def opt_version(self) -> None:
        """Show the version of torrentd and exit."""
        print(f"torrentd {__version__}")  # noqa: T201  # a command's answer
        raise SystemExit(0)

    def postOptions(self) -> None:
        """Undo twistd's defaults, unless the user named others."""
        if self["check-config"]:
            raise SystemExit(check(self))
        parent = self.parent
        if parent is None:
            return
        if parent["pidfile"] == "twistd.pid":
            parent["pidfile"] = ""  # the lock in the state directory holds the pid
        self.configuration = read_or_exit(self)


def check(options: Options) -> int:
    """--check-config: print every problem; the exit status."""
    try:
        configuration = read(options, probe=True)
    except ConfigError as error:
        _print_problems(error)
        return EX_CONFIG
    place = configuration.path or "built-in defaults"
    print(f"{place}: OK")  # noqa: T201  # a command's answer
    return 0


def read(options: Options, *, probe: bool = False) -> Configuration:
    """Read the configuration that these options mean. ConfigError. For `probe` see config.load."""
    overrides = {"paths.state_dir": options["state-dir"], "paths.download_dir": options["download-dir"]}
    given = {key: str(Path(value).absolute()) for key, value in overrides.items() if value is not None}
    return config.load(config.find(os.environ, options["config"]), os.environ, given, probe=probe)


def read_or_exit(options: Options) -> Configuration:
    """The same; a configuration error ends the program with EX_CONFIG."""
    try:
        return read(options)
    except ConfigError as error:
        _print_problems(error)
        raise SystemExit(EX_CONFIG) from None


def _print_problems(error: ConfigError) -> None:
    for problem in error.problems:
        print(problem, file=sys.stderr)  # noqa: T201  # a command's answer


def makeService(options: Options) -> TorrentdService:
    """Build everything; nothing is opened yet."""
    gc.set_threshold(YOUNG_OBJECTS)
    from torrentd.composition import make_service  # not for a look at the configuration

    return make_service(options.configuration, lambda: read(options), options.parent)
