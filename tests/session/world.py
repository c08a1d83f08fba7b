"""A daemon with everything real but time, threads and sockets: its state and its content lie in real directories.

Nothing waits: workers have done a job before the call returns, and `World.run` moves one clock from event to event.
Daemons of the same world reach each other by address, through pipes in memory.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, execute
from twisted.python.failure import Failure

from tests.disk.fakes import FakeSystem
from tests.session.network import Network, Reactor
from torrentd.config import Configuration, load
from torrentd.disk.disk import Disk
from torrentd.model.address import Address
from torrentd.session.control import AddOptions
from torrentd.session.daemon import Daemon
from torrentd.session.host import Host
from torrentd.session.running.torrent import TorrentSession
from torrentd.session.sleeping.dormancy import LINGER, ROUND
from torrentd.session.steering.steering import Steering
from torrentd.state.database import State
from torrentd.wire.bencode import encode

PIECE = 32 * 1024
WALL = 1_700_000_000.0
ASLEEP = LINGER + 2 * ROUND
"""Seconds after which an idle torrent sleeps."""


class Worker:
    """Workers that do everything at once, unless they are told to hang."""

    def __init__(self) -> None:
        self.hangs = False
        self.waiting: list[tuple[Deferred[Any], Callable[..., Any], tuple[Any, ...]]] = []

    def run(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Deferred[Any]:
        if not self.hangs:
            return execute(function, *args, **kwargs)
        done: Deferred[Any] = Deferred()
        self.waiting.append((done, lambda *a: function(*a, **kwargs), args))
        return done

    def step(self) -> None:
        """Do the oldest job that waits; others go on waiting."""
        done, function, args = self.waiting.pop(0)
        execute(function, *args).chainDeferred(done)

    def go_on(self) -> None:
        self.hangs = False
        while self.waiting:
            self.step()


class World:
    """A clock and a network."""

    def __init__(self) -> None:
        self.reactor = Reactor()
        self.network = Network(self.reactor)

    def run(self, seconds: float = 0.0) -> None:
        """Let everything happen that is due within so many seconds, in order."""
        end = self.reactor.seconds() + seconds
        while (calls := self.reactor.getDelayedCalls()) and min(call.getTime() for call in calls) <= end:
            at = min(call.getTime() for call in calls)
            self.reactor.advance(max(0.0, at - self.reactor.seconds()))
        self.reactor.advance(max(0.0, end - self.reactor.seconds()))

    def until(self, condition: Callable[[], Any], seconds: float = 120.0) -> None:
        """Let time pass until something is so; fails after so many seconds."""
        end = self.reactor.seconds() + seconds
        self.run()
        while not condition():
            calls = self.reactor.getDelayedCalls()
            assert calls, "nothing will happen any more"
            at = min(call.getTime() for call in calls)
            assert at <= end, f"not so within {seconds:g} s"
            self.run(max(0.0, at - self.reactor.seconds()))


class Home:
    """One daemon's directories, and the daemon that runs on them, one after the other."""

    def __init__(self, world: World, root: Path, port: int = 6881, toml: str = "") -> None:
        self.world = world
        self.root = root
        self.downloads = root / "downloads"
        self.address = Address("127.0.0.1", port)
        self.system = FakeSystem()
        self.daemon: Daemon
        self.steering: Steering
        self.worker = Worker()
        self.flusher = Worker()
        self.keeper = Worker()
        """runs the state"""
        self.mounts = Worker()
        """asks for free space"""
        self.reloads: list[str] = []
        (root / "state").mkdir(parents=True, exist_ok=True)
        self.downloads.mkdir(exist_ok=True)
        self.toml(toml)

    def toml(self, text: str) -> None:
        """Write the configuration file; the next start reads it. The text may begin with keys of `paths`."""
        listen = f'[network]\nlisten = ["{self.address}"]\n' if "[network]" not in text else ""
        if "[peers]" not in text:
            text += '\n[peers]\nencryption = "off"\n'
        if "[ports]" not in text:
            text += "\n[ports]\nmap = false\n"
        paths = f'[paths]\nstate_dir = "{self.root}/state"\ndownload_dir = "{self.downloads}"\n'
        discovery = "" if "[discovery]" in text else "[discovery]\ndht = false\n"
        (self.root / "config.toml").write_text(listen + paths + text.rstrip() + "\n" + discovery)

    def configuration(self) -> Configuration:
        return load(self.root / "config.toml", {"HOME": str(self.root)})

    def make(self) -> Daemon:
        """A daemon that is not started."""
        reactor, configuration = self.world.reactor, self.configuration()
        self.worker, self.flusher, self.keeper, self.mounts = Worker(), Worker(), Worker(), Worker()
        busy: list[Callable[[bool], None]] = []
        disk = Disk(
            self.worker.run,
            self.flusher.run,
            on_busy=lambda is_busy: busy[0](is_busy),
            queue_limit=configuration.settings.storage.disk_queue,
            min_free=0,
            own=(configuration.settings.paths.download_dir, *configuration.settings.paths.allowed_roots),
            system=self.system,
        )
        host = Host(
            reactor=reactor,
            network=self.world.network,  # type: ignore[arg-type]
            disk=disk,
            state=State(self.keeper.run, f"{self.root}/state/torrentd.db"),
            workers=self.worker,  # type: ignore[arg-type]
            mounts=self.mounts,  # type: ignore[arg-type]
            rng=random.Random(1),
            secret_rng=random.Random(self.address.port),
            wall_clock=lambda: WALL + reactor.seconds(),
        )
        self.daemon = Daemon(host, configuration)
        busy.append(self.daemon.disk_is)
        self.steering = Steering(self.daemon, lambda: (self.reloads, []), lambda: None)
        return self.daemon

    def start(self, crashed: bool = False) -> Home:
        self.make()
        result(Deferred.fromCoroutine(self.daemon.start(crashed)))
        self.world.run()
        return self

    def stop(self) -> None:
        done = Deferred.fromCoroutine(self.daemon.stop())
        self.world.until(lambda: done.called, 5)
        result(done)

    def crash(self) -> None:
        """As after kill -9: nothing is said, written or closed; only the kernel lets go of the database."""
        for session in self.daemon.around.all_awake():
            session.leave()
            for connection in list(session.connections.values()):
                connection.close("crashed")
        self.daemon.around.dht.leave()
        self.daemon.backups.stop()
        self.daemon.around.banning.stop()
        self.daemon.around.dormancy.stop()
        self.daemon.around.seeding.stop()
        self.daemon.around.queueing.stop()
        self.daemon.switch.stop()
        self.daemon.around.neighbours.stop()
        self.daemon.around.saving.cancel()
        self.daemon.connections.stop()
        result(self.daemon.listening.stop())
        commits = self.daemon.host.state._commits
        if commits is not None:
            commits._connection.close()
        self.world.run()

    # --- torrents

    def add(self, torrent: Sample, **options: Any) -> TorrentSession:
        """Add it and let what is due happen."""
        id, _ = result(self.steering.add(torrent.metainfo, AddOptions(**options)))
        self.world.run()
        return self.session(id)

    def session(self, torrent: Sample | str) -> TorrentSession:
        """The torrent's session, woken if need be."""
        around = self.daemon.around
        return result(around.waking.awake(around.find(torrent if isinstance(torrent, str) else torrent.id)))

    def put(self, torrent: Sample, *names: str) -> None:
        """Put files of the torrent there, as the user would."""
        for name, data in torrent.files.items():
            if not names or name in names:
                path = self.path(torrent, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)

    def path(self, torrent: Sample, name: str) -> Path:
        return self.downloads / torrent.name / name

    def same(self, torrent: Sample) -> bool:
        """Whether all of its content is here."""
        return all(
            self.path(torrent, name).is_file() and self.path(torrent, name).read_bytes() == data
            for name, data in torrent.files.items()
        )

    def row(self, torrent: Sample) -> Any:
        return self.steering.row(torrent.id)


class Sample:
    """A multi-file torrent with its content."""

    def __init__(
        self,
        name: str = "sample",
        files: dict[str, int] | None = None,
        piece_size: int = PIECE,
        trackers: Sequence[str] = (),
        **info: Any,
    ) -> None:
        rng = random.Random(name)
        sizes = files or {"a.bin": 5 * PIECE, "sub/b.txt": 3 * PIECE + 1000}
        self.name = name
        self.files = {path: rng.randbytes(size) for path, size in sizes.items()}
        content = b"".join(self.files.values())
        self.size = len(content)
        pieces = [content[at : at + piece_size] for at in range(0, len(content), piece_size)]
        self.piece_count = len(pieces)
        self.info = {
            b"name": name.encode(),
            b"piece length": piece_size,
            b"pieces": b"".join(hashlib.sha1(piece).digest() for piece in pieces),
            b"files": [{b"length": size, b"path": path.encode().split(b"/")} for path, size in sizes.items()],
            **{key.encode(): value for key, value in info.items()},
        }
        whole: dict[bytes, Any] = {b"info": self.info}
        if trackers:
            whole[b"announce-list"] = [[url.encode()] for url in trackers]
        self.metainfo = encode(whole)
        self.id = hashlib.sha1(encode(self.info)).hexdigest()


def result(deferred: Deferred[Any]) -> Any:
    """What a Deferred that has fired came to; its failure is raised."""
    answers: list[Any] = []
    deferred.addBoth(answers.append)
    assert answers, "the Deferred has not fired"
    if isinstance(answers[0], Failure):
        answers[0].raiseException()
    return answers[0]


def error(call: Callable[[], Deferred[Any]]) -> Exception:
    """The exception that a call raises or fires with."""
    try:
        answer = result(call())
    except Exception as problem:
        return problem
    raise AssertionError(f"no error, but {answer!r}")
