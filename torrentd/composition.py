"""The composition root: everything that touches the world is made here. The only importer of the reactor.

Nothing is opened yet: twistd forks after this, so files, sockets and threads are the service's. Two habits of twistd
are undone: its timers follow the wall clock, and its log format is its own.
"""

from __future__ import annotations

import atexit
import os
import random
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.internet import reactor as _reactor
from twisted.logger import Logger

from torrentd.disk.disk import Disk
from torrentd.model.errors import StorageError
from torrentd.net.network import Network
from torrentd.service import TorrentdService
from torrentd.session.daemon import Daemon
from torrentd.session.host import Host
from torrentd.session.logs import Levels, LogOutput, leads_to_journal
from torrentd.session.workers import Workers
from torrentd.state.database import State
from torrentd.state.directory import prepare

if TYPE_CHECKING:
    from torrentd.config import Configuration, Settings

MOUNTS = 4
"""Threads that ask file systems for their free space: so many may hang before the answers about others grow old."""

reactor: Any = _reactor


def make_service(configuration: Configuration, read: Callable[[], Configuration], parent: Any) -> TorrentdService:
    """Build everything. `read` reads the configuration again; `parent` holds twistd's own options, if it is twistd."""
    reactor.seconds = time.monotonic  # before anything is scheduled: a clock step must not fire every timer
    host, pools = make_host(configuration)
    daemon = Daemon(host, configuration)
    output: LogOutput | None = None  # the log goes where twistd's own options say
    if parent is not None and not parent["syslog"]:
        output = _log_output(configuration.settings, parent, daemon.log_levels)

    def set_log(level: str, format: str) -> None:
        if output is not None:
            output.set(level, format)

    daemonizes = parent is not None and not parent["nodaemon"]
    service = TorrentdService(daemon, pools, read, environment(), set_log, lambda reason: _fail(reason, daemonizes))
    service.log_observer = output and output.observer
    return service


def environment() -> dict[str, str]:
    """The process's environment as it was given to it. Twisted's endpoints take away what systemd says about sockets
    (LISTEN_FDS) when they are imported, for an endpoint of their own; the kernel still knows it."""
    given = dict(os.environ)
    with suppress(OSError):
        for entry in Path("/proc/self/environ").read_bytes().split(b"\0"):
            name, _, value = os.fsdecode(entry).partition("=")
            if name.startswith("LISTEN_"):
                given.setdefault(name, value)
    return given


def make_host(configuration: Configuration) -> tuple[Host, list[Workers]]:
    """The real world and its threads."""
    storage, paths = configuration.settings.storage, configuration.settings.paths
    threads = storage.hash_threads or os.cpu_count() or 1
    hashing = Workers(reactor, "disk", threads)
    flushing = Workers(reactor, "flush", 1)
    database = Workers(reactor, "state", 1)
    others = Workers(reactor, "work", 1)
    mounts = Workers(reactor, "mounts", MOUNTS)
    told_of_disk: list[Callable[[bool], None]] = []

    def on_busy(busy: bool) -> None:
        for told in told_of_disk:
            told(busy)

    disk = Disk(
        hashing.run,
        flushing.run,
        on_busy=on_busy,
        queue_limit=storage.disk_queue,
        min_free=storage.min_free,
        workers=threads,
        own=(paths.download_dir, *paths.allowed_roots),
    )
    host = Host(
        reactor=reactor,
        network=Network(reactor),
        disk=disk,
        state=State(database.run, f"{paths.state_dir}/torrentd.db"),
        workers=others,
        mounts=mounts,
        rng=random.Random(),
        secret_rng=random.SystemRandom(),
        wall_clock=time.time,
        told_of_disk=told_of_disk,
    )
    return host, [hashing, flushing, database, others, mounts]


def _log_output(settings: Settings, parent: Any, levels: Levels) -> LogOutput:
    """Standard output in the foreground; a file in the state directory (or the one the user named) for a daemon."""
    if parent["nodaemon"] and not parent["logfile"]:
        journal = leads_to_journal(sys.stdout, os.environ)
        return LogOutput(sys.stdout, settings.log.level, settings.log.format, journal, levels)
    path = Path(parent["logfile"] or f"{settings.paths.state_dir}/torrentd.log")
    try:
        if not parent["logfile"]:
            prepare(settings.paths.state_dir)
        stream = path.open("a", encoding="utf-8")
    except (OSError, StorageError) as error:
        _say(f"the log cannot be written: {error}")
        raise SystemExit(1) from None
    return LogOutput(stream, settings.log.level, settings.log.format, levels=levels)


def _say(line: str) -> None:
    print(f"torrentd: {line}", file=sys.__stderr__)  # where a start says why


def _fail(reason: str, daemonized: bool) -> None:
    """The start failed. A daemon has only its log to say so. twistd exits with 0 whatever happened while the reactor
    ran; this is the last word."""

    def leave() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)

    if daemonized:
        log.error("{reason}", reason=reason)
    else:
        _say(reason)
    atexit.register(leave)


log = Logger()
