"""One run of the daemon as a process: the order of start and stop, signals, reload, what is printed.

Start: state directory, lock, token, threads, torrents, RPC; then the first lines of the log say where everything is.
A failure is one line on standard error and exit status 1. Stop: the RPC answers what it has, then the daemon stops.
"""

from __future__ import annotations

import gc
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import ILogObserver, Logger
from twisted.python.components import Componentized
from twisted.python.failure import Failure

from torrentd import __version__, config
from torrentd.config import ConfigError, Configuration
from torrentd.model.errors import RpcError, StorageError
from torrentd.net.notify import Notify
from torrentd.rpc.core.tokens import Tokens
from torrentd.rpc.serve.listening import ListenError
from torrentd.rpc.serve.server import RpcOptions, RpcServer
from torrentd.rpc.transmission.api import Transmission
from torrentd.session.steering.steering import Steering
from torrentd.session.stopping import Stopping
from torrentd.state.crash import CrashReport
from torrentd.state.directory import prepare
from torrentd.state.lock import Lock
from torrentd.state.token import load_token

if TYPE_CHECKING:
    from torrentd.session.daemon import Daemon
    from torrentd.session.host import Runner

log = Logger()

RPC_TIME = 1.25
"""Seconds for the RPC's last answers: it takes one itself, then it cuts connections."""


class TorrentdService(Service):
    """`read` reads the configuration again; `environ` is the process's environment; `set_log(level, format)` changes
    the log; `failed(reason)` says why the start failed, and sets the exit status."""

    def __init__(
        self,
        daemon: Daemon,
        pools: Sequence[Runner],
        read: Callable[[], Configuration],
        environ: dict[str, str],
        set_log: Callable[[str, str], None],
        failed: Callable[[str], None],
    ) -> None:
        self.log_observer: Any = None
        self._daemon = daemon
        self._reactor: Any = daemon.host.reactor
        self._pools = pools
        self._read = read
        self._environ = environ
        self._set_log = set_log
        self._failed = failed
        self._lock = Lock(f"{daemon.settings.paths.state_dir}/lock")
        self._crash = CrashReport(f"{daemon.settings.paths.state_dir}/crash")
        self._notify = Notify(self._reactor, environ)
        self._starting: Deferred[None] | None = None
        self._rpc: RpcServer | None = None
        self._daemon_started = False

    def setServiceParent(self, parent: Any) -> None:
        """twistd takes its log observer from the application; a `--logger` on its command line comes first."""
        if self.log_observer is not None and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self.log_observer)
        super().setServiceParent(parent)  # type: ignore[no-untyped-call]

    # --- start

    def startService(self) -> None:
        """Called before the reactor runs, and after the fork if there is one."""
        super().startService()  # type: ignore[no-untyped-call]
        self._reactor.callWhenRunning(self._begin)

    def _begin(self) -> None:
        """Our signal handlers replace the reactor's: its SIGTERM makes twistd exit with 143, SIGHUP kills it."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._reactor.callFromThread(self.shutdown))
        signal.signal(signal.SIGHUP, lambda *_: self._reactor.callFromThread(self._reload_by_signal))
        self._starting = Deferred.fromCoroutine(self._start())
        self._starting.addErrback(self._could_not_start)

    async def _start(self) -> None:
        daemon, settings = self._daemon, self._daemon.settings
        state_dir = settings.paths.state_dir
        prepare(state_dir)
        self._lock.acquire()
        token = load_token(f"{state_dir}/token", daemon.host.secret_rng)
        crash = self._crash.watch()
        if crash:
            log.error("the last run crashed; its stack is in {path}", path=f"{state_dir}/crash.last")
        for pool in self._pools:
            pool.start()
        self._daemon_started = True
        await daemon.start(crashed=bool(crash))
        host, control = daemon.host, Steering(daemon, self._reload_by_rpc, self.shutdown)
        transmission = Transmission(control, host.reactor.seconds, host.wall_clock, host.secret_rng)
        tokens = Tokens(token, control, host.reactor, host.wall_clock, host.secret_rng)
        self._rpc = RpcServer(self._reactor, control, transmission, tokens, self._rpc_options(), self._environ)
        await self._rpc.start()
        _spare_the_collector()
        self._say_where()
        self._notify.ready(f"{len(daemon.around.torrents)} torrents")

    def _rpc_options(self) -> RpcOptions:
        paths, rpc = self._daemon.settings.paths, self._daemon.settings.rpc
        directory = config.runtime_dir(self._environ, paths.state_dir)
        if rpc.unix is not None and Path(rpc.unix).parent == Path(directory) and not Path(directory).exists():
            prepare(directory)
        return RpcOptions(
            unix_path=rpc.unix,
            unix_group=rpc.unix_group,
            tcp_address=rpc.tcp,
            tls_certificate=rpc.tls_certificate,
            tls_key=rpc.tls_key,
            server_names=rpc.server_names,
            trusted_proxies=rpc.trusted_proxies,
            metrics=self._daemon.settings.metrics.enabled,
            metrics_per_torrent=self._daemon.settings.metrics.per_torrent,
            web_folder=self._daemon.settings.web.folder,
        )

    def _say_where(self) -> None:
        """What a newcomer needs to know."""
        assert self._rpc is not None
        configuration = self._daemon.configuration
        paths = configuration.settings.paths
        peers = ", ".join(map(str, self._daemon.listening.addresses)) or "nowhere"
        log.info(
            "torrentd {version}, configuration: {path}", version=__version__, path=configuration.path or "built-in"
        )
        log.info("peers: listening on {peers}", peers=peers)
        log.info("downloads go to {path}", path=paths.download_dir)
        log.info("state is in {path}; the token for RPC over TCP is in {path}/token", path=paths.state_dir)
        log.info("RPC: listening on {addresses}", addresses=", ".join(self._rpc.addresses()) or "nowhere")
        log.info("to add a torrent: {command} FILE.torrent", command=self._add_command())
        _tell_what_is_not_there(configuration)
        self._look_at_downloads()

    def _look_at_downloads(self) -> None:
        """Torrents wait for a disk that comes later, but who gave a wrong name is to see it."""

        def looked(problem: str | None) -> None:
            if problem is not None:
                log.warn("paths.download_dir: {problem}", problem=problem)

        asked = self._daemon.host.mounts.run(config.unwritable, self._daemon.settings.paths.download_dir)
        asked.addCallback(looked).addErrback(lambda failure: log.failure("a bug of ours", failure))

    def _add_command(self) -> str:
        found = shutil.which("torrentctl", path=self._environ.get("PATH"))
        sibling = Path(sys.executable).with_name("torrentctl")
        program = "torrentctl" if found or not sibling.exists() else str(sibling)
        unix = self._daemon.settings.rpc.unix
        usual = [config.runtime_dir(self._environ, config.state_dir(self._environ)), "/run/torrentd"]
        found_by_itself = unix is None or str(Path(unix).parent) in usual
        return f"{program} add" if found_by_itself else f"{program} --socket {unix} add"

    def _could_not_start(self, failure: Failure) -> None:
        if failure.check(CancelledError) is not None:
            return
        error = failure.value
        if isinstance(error, StorageError | ListenError):
            self._failed(str(error))
        elif isinstance(error, OSError):
            self._failed(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        else:
            log.failure("torrentd could not start", failure)
            self._failed("could not start: a bug of ours; see the log")
        self.shutdown()

    # --- stop

    def shutdown(self) -> None:
        """Begin the clean stop, once."""
        if self._reactor.running and not self._daemon.stopping:
            self._daemon.stopping = True
            self._reactor.callLater(0, self._reactor.stop)

    def stopService(self) -> Deferred[None]:
        """Fires when everything is saved and closed."""
        super().stopService()  # type: ignore[no-untyped-call]
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        self._daemon.stopping = True
        self._notify.stopping()
        if self._starting is not None and not self._starting.called:
            self._starting.cancel()
        if self._rpc is not None:
            await Stopping(self._reactor, RPC_TIME).within(RPC_TIME, {"callers of the RPC": [self._rpc.stop()]})
        if self._daemon_started:
            await self._daemon.stop()
            for pool in self._pools:
                pool.stop()
        self._crash.end()
        log.info("stopped")
        self._lock.release()

    # --- reload

    def _reload(self) -> tuple[list[str], list[str]]:
        """Read the configuration again and apply what can be applied; what changed, and what needs a restart.
        ConfigError."""
        self._notify.reloading(self._daemon.host.reactor.seconds())
        try:
            fresh = self._read()
        finally:
            self._notify.ready()
        old, beaten = self._daemon.configuration, self._daemon.beaten
        live, restart = config.diff(old.settings, fresh.settings)
        self._apply(config.applied(old, fresh))
        changed = [key for key in live if key not in beaten]
        self._daemon.around.tell("config", changed=changed, restart_required=restart)
        log.info("configuration reloaded; changed: {keys}", keys=", ".join(changed) or "nothing")
        if len(changed) < len(live):
            log.info("what was set at run time stays in force: {keys}", keys=", ".join(beaten))
        if restart:
            log.warn("these keys need a restart: {keys}", keys=", ".join(restart))
        _tell_what_is_not_there(fresh)
        return changed, restart

    def _apply(self, configuration: Configuration) -> None:
        self._daemon.use(configuration)
        self._daemon.blocking.apply(self._daemon.settings)
        self._set_log(configuration.settings.log.level, configuration.settings.log.format)

    def _reload_by_rpc(self) -> tuple[list[str], list[str]]:
        try:
            return self._reload()
        except ConfigError as error:
            message = "The new configuration has mistakes; the old one stays in force"
            raise RpcError("config_invalid", message, problems=error.problems) from None

    def _reload_by_signal(self) -> None:
        try:
            self._reload()
        except ConfigError as error:
            for problem in error.problems:
                log.error("the configuration was not reloaded: {problem}", problem=problem)


def _tell_what_is_not_there(configuration: Configuration) -> None:
    for words in config.features_not_there_yet(configuration.settings, configuration.written):
        log.warn("{words}", words=words)


def _spare_the_collector() -> None:
    """What is there now (modules, mostly) stays for good: it need not be walked each time in search of garbage. Only
    cycles are found by that walk; with small pieces it was a fifth of a download's CPU."""
    gc.freeze()
