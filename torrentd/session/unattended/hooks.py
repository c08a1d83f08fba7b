"""The user's programs that are run when something happens. Only the configuration file names them; what they are told
is in their environment, so that no name of a torrent is ever read by a shell."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from twisted.logger import Logger

from torrentd.model.errors import RpcError
from torrentd.net.programs import Program, run
from torrentd.session.events.log import Event, Listener, Topic
from torrentd.session.telling.snapshots import row_of
from torrentd.wire.escape import escape

if TYPE_CHECKING:
    from torrentd.session.daemon import Daemon

log = Logger()

TOPICS: dict[Topic, str] = {
    "torrent.added": "on_added",
    "torrent.metadata": "on_metadata",
    "torrent.completed": "on_completed",
    "torrent.moved": "on_moved",
    "torrent.removed": "on_removed",
    "torrent.error": "on_error",
}
"""The event, and the key of the configuration that says what is run."""

AT_ONCE = 4
"""Programs that run at a time."""

MOST_WAITING = 1000
"""Runs that wait; a script that adds thousands of torrents must not take our memory."""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where programs find others: what a login of root has on Debian, and none of our environment."""

Run = tuple[list[str], dict[str, str]]


class Hooks:
    """Listens to the events for which there is something to run."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._around = daemon.around
        self._waiting: deque[Run] = deque()
        self._running: dict[Program, None] = {}
        self._listener: Listener | None = None
        self._dropped = False

    def start(self) -> None:
        topics = [topic for topic in TOPICS if self._argv(topic)]
        if topics:
            self._listener = self._around.events.listen(topics, self._happened)

    def stop(self) -> None:
        """Nothing more is run; what runs is asked to end."""
        if self._listener is not None:
            self._around.events.ignore(self._listener)
            self._listener = None
        self._waiting.clear()
        for program in list(self._running):
            program.stop()

    def kill(self) -> None:
        """The daemon ends now."""
        for program in list(self._running):
            program.kill()

    def _argv(self, topic: Topic) -> list[str]:
        return list(getattr(self._daemon.settings.hooks, TOPICS[topic]))

    def _happened(self, event: Event) -> None:
        if len(self._waiting) >= MOST_WAITING:
            if not self._dropped:
                log.error("hooks: more than {count} wait; some are left out", count=MOST_WAITING)
            self._dropped = True
            return
        self._waiting.append((self._argv(event.topic), self._environment(event)))
        self._go_on()

    def _go_on(self) -> None:
        while self._waiting and len(self._running) < AT_ONCE:
            argv, environment = self._waiting.popleft()
            self._run(argv, environment)
        if not self._waiting:
            self._dropped = False

    def _run(self, argv: list[str], environment: dict[str, str]) -> None:
        name = environment["TORRENTD_EVENT"]

        def line(text: str) -> None:
            log.info("hook {name}: {line}", name=name, line=escape(text))

        def ended(status: int) -> None:
            self._running.pop(program, None)
            if status:
                log.warn("hook {name}: {program} ended with {status}", name=name, program=argv[0], status=status)
            self._go_on()

        limit = self._daemon.settings.hooks.time_limit
        try:
            program = run(self._daemon.host.reactor, argv, environment, limit, line)
        except OSError as error:
            why = error.strerror
            log.warn("hook {name}: {program} could not be run: {why}", name=name, program=argv[0], why=why)
            return
        self._running[program] = None
        program.ended.addCallback(ended)

    def _environment(self, event: Event) -> dict[str, str]:
        data: dict[str, Any] = event.data
        told = {
            "EVENT": TOPICS[event.topic],
            "ID": data["id"],
            "NAME": data.get("name") or "",
            "TIME": f"{event.time:.0f}",
        }
        try:
            torrent = self._around.torrents[self._around.find(data["id"])]
        except RpcError:
            pass  # it is removed, or cannot be used
        else:
            row = row_of(torrent, self._daemon.host.reactor.seconds())
            told |= {"NAME": row.name, "DIR": row.download_dir, "LABELS": ",".join(row.labels)}
            told |= {"SIZE": str(row.size or ""), "STATE": row.state}
        if event.topic == "torrent.error":
            told |= {"ERROR_CODE": data["error"]["code"], "ERROR": data["error"]["message"]}
        scrubbed = {f"TORRENTD_{name}": value.replace("\0", "") for name, value in told.items()}
        return {"PATH": PATH, "LANG": "C.UTF-8", **scrubbed}
