"""What the outside does to torrents."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, fail

from torrentd.model.address import Address
from torrentd.model.errors import RpcError, StorageError
from torrentd.policy.queueing import Where
from torrentd.session.control import AddOptions, FileChoice, Wishes
from torrentd.session.entering.adding import choose
from torrentd.session.magnets.magnet import MagnetSession
from torrentd.session.meeting.announces import announce_now
from torrentd.session.running.moving import Mode
from torrentd.session.sleeping.removing import remove_sleeper
from torrentd.session.steering import asleep, setting
from torrentd.session.steering.part import Part
from torrentd.session.steering.trackers import Tiers, edited, set_trackers, without_repeats
from torrentd.session.telling.reasons import QUARANTINED
from torrentd.wire import magnet
from torrentd.wire.metainfo import with_trackers

if TYPE_CHECKING:
    from torrentd.session.driven import Driven
    from torrentd.session.running.torrent import TorrentSession


class Acting(Part):
    """See `session.control.Control`."""

    def add(self, metainfo: bytes, options: AddOptions) -> Deferred[tuple[str, bool]]:
        return Deferred.fromCoroutine(self._daemon.adding.add(metainfo, options))

    def add_magnet(self, link: str, options: AddOptions) -> Deferred[tuple[str, bool]]:
        return Deferred.fromCoroutine(self._daemon.magnets.add(link, options))

    def add_url(self, url: str, options: AddOptions) -> Deferred[tuple[str, bool]]:
        return Deferred.fromCoroutine(self._daemon.urls.add(url, options))

    def pause(self, id: str) -> Deferred[None]:
        return self._decided(id, asleep.Pause(self._daemon), lambda: self._awake(id, self._pause, MagnetSession.pause))

    def _pause(self, session: TorrentSession) -> Deferred[None]:
        session.facts.paused, session.facts.forced = True, False
        session.stop()
        return self._saved(session)

    def resume(self, id: str, force: bool) -> Deferred[None]:
        def awake() -> Deferred[None]:
            return self._awake(id, lambda session: self._resume(session, force), lambda magnet: magnet.resume(force))

        return self._decided(id, asleep.Resume(self._daemon, force), awake)

    def _resume(self, session: TorrentSession, force: bool) -> Deferred[None]:
        session.facts.paused, session.facts.forced = False, force
        self._around.seeding.resumed(session)
        if session.error == QUARANTINED:
            self._forgiven(session)
        session.start()  # also with an error, if that leaves something to do
        self._around.trouble.retry(session)
        self._around.queueing.changed(session)
        return self._saved(session)

    def _forgiven(self, session: TorrentSession) -> None:
        """The user wants it tried again: its crashes are forgotten."""
        done = self._daemon.host.state.note_ok(session.facts.info_hash)
        done.addErrback(lambda failure: failure.trap(StorageError, LookupError) and None)

    def verify(self, id: str) -> Deferred[None]:
        return self._awake(id, self._verify)

    def _verify(self, session: TorrentSession) -> None:
        if session.error == QUARANTINED:
            raise RpcError("wrong_state", QUARANTINED.message, id=session.id)
        trusted = session.begun and session.error is None and not session.doubtful.count
        if session.is_moving:
            raise RpcError("busy", "The torrent is being moved", id=session.id)
        session.recover()
        session.inquire()
        session.begun = True  # whatever was not known before will be known then
        self._around.checks.verify(session, trusted=trusted)

    def announce(self, id: str) -> Deferred[None]:
        sleeper = self._around.waking.sleeper(self._around.find(id))
        if sleeper is not None and not sleeper.runs:
            return fail(_not_running(id))
        return self._awake(id, self._announce, self._announce)

    def _announce(self, session: Driven[Any]) -> None:
        if not session.torrent.running:
            raise _not_running(session.id)
        announce_now(self._around, session)

    def remove(self, id: str, delete_data: bool) -> Deferred[None]:
        info_hash = bytes.fromhex(id)
        if info_hash in self._around.broken:
            return self._daemon.turns.run(info_hash, self._daemon.remove_broken, info_hash)

        def awake() -> Deferred[None]:
            return self._awake(
                id,
                lambda session: self._daemon.remove(session, delete_data),
                lambda magnet: self._daemon.turns.run(magnet.info_hash, self._daemon.magnets.remove, magnet),
            )

        info_hash = self._around.find(id)
        if delete_data or self._around.waking.sleeper(info_hash) is None:
            return awake()
        done = self._daemon.turns.run(info_hash, remove_sleeper, self._daemon, self._writes, info_hash)
        return done.addCallback(lambda removed: None if removed else awake())

    def move_in_queue(self, ids: Sequence[str], to: Where) -> Deferred[None]:
        return self._around.queueing.move([self._around.find(id) for id in ids], to)

    def set(self, id: str, wishes: Wishes) -> Deferred[None]:
        settings = self._daemon.torrent_settings

        def set_them(session: TorrentSession) -> Deferred[None]:
            setting.apply(session, wishes, settings)
            return self._saved(session)

        def awake() -> Deferred[None]:
            return self._awake(id, set_them, lambda magnet: setting.apply_to_magnet(magnet, wishes, settings))

        return self._decided(id, asleep.Set(self._daemon, wishes), awake)

    def move(self, id: str, path: str, mode: Mode) -> Deferred[int]:
        moving = self._daemon.moving
        return self._awake(
            id,
            lambda session: moving.move(session, path, mode).id,
            lambda magnet: moving.move_magnet(magnet, path),
        )

    def rename(self, id: str, path: str, name: str) -> Deferred[str]:
        return self._awake(id, lambda session: self._daemon.renaming.rename(session, path, name))

    def set_files(self, id: str, choices: Sequence[FileChoice]) -> Deferred[None]:
        def choose_them(session: TorrentSession) -> Deferred[None]:
            session.set_priorities(choose(session.metainfo.layout, session.torrent.priorities, list(choices)))
            return self._saved(session)

        return self._awake(id, choose_them)

    def set_trackers(self, id: str, tiers: Sequence[Sequence[str]]) -> Deferred[Tiers]:
        return self._with_trackers(id, lambda _: without_repeats(tiers))

    def edit_trackers(self, id: str, add: Sequence[str], remove: Sequence[str]) -> Deferred[Tiers]:
        return self._with_trackers(id, lambda tiers: edited(tiers, add, remove))

    def _with_trackers(self, id: str, wanted: Callable[[Tiers], Tiers]) -> Deferred[Tiers]:
        def set_them(session: TorrentSession) -> Deferred[Tiers]:
            tiers = wanted(session.tiers)
            set_trackers(session, tiers)
            return self._saved(session).addCallback(lambda _: tiers)

        return self._awake(id, set_them)

    def export(self, id: str) -> Deferred[tuple[bytes, str]]:
        def export_it(session: TorrentSession) -> Deferred[tuple[bytes, str]]:
            tiers = session.tiers
            named = replace(magnet.of_metainfo(session.metainfo), name=session.original_name)
            link = magnet.make(replace(named, trackers=tuple(chain(*tiers))))
            data = self._daemon.host.state.metainfo(session.info_hash).addErrback(self._overtaken, session)
            return data.addCallback(with_trackers, session.metainfo.tiers, tiers).addCallback(lambda file: (file, link))

        return self._awake(id, export_it)

    def add_peers(self, id: str, peers: Sequence[Address]) -> Deferred[int]:
        def add_them(session: TorrentSession) -> Deferred[int]:
            session.name_peers(peers)
            return self._saved(session).addCallback(lambda _: len(peers))

        return self._awake(id, add_them, lambda magnet: magnet.name_peers(peers).addCallback(lambda _: len(peers)))

    def remove_peers(self, id: str, peers: Sequence[Address]) -> Deferred[None]:
        def remove_them(session: TorrentSession) -> Deferred[None]:
            session.remove_peers(peers)
            return self._saved(session)

        return self._awake(id, remove_them, lambda magnet: magnet.remove_peers(peers))

    def cancel_job(self, id: int) -> None:
        self._around.jobs.cancel(id)


def _not_running(id: str) -> RpcError:
    return RpcError("wrong_state", "The torrent is not running", id=id)
