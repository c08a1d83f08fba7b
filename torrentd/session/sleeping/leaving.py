"""A sleeping torrent leaves its swarm: its trackers hear it, and nobody wakes for that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import CancelledError
from twisted.logger import Logger
from twisted.python.failure import Failure

from torrentd.model.errors import TrackerError
from torrentd.swarm.events import Announced, AnnounceFailed
from torrentd.wire.tracker.answer import Answer

if TYPE_CHECKING:
    from torrentd.session.around import Around
    from torrentd.session.sleeping.sleeper import Sleeper
    from torrentd.swarm.announcing.schedule import Announcing
    from torrentd.swarm.commands import Announce

log = Logger()


def leave(around: Around, info_hash: bytes, sleeper: Sleeper) -> None:
    """Nothing happens if it is in no swarm."""
    rest, row = sleeper.rest, sleeper.row
    if rest is None or not rest.running:
        return
    now, rest.running = around.host.reactor.seconds(), False
    if rest.announcing is None:
        return
    for command in rest.farewell(now, row.uploaded, row.downloaded, sleeper.missing):
        _announce(around, info_hash, sleeper, command, rest.announcing)


def _announce(around: Around, info_hash: bytes, sleeper: Sleeper, command: Announce, schedule: Announcing) -> None:
    """The answer is for the schedule, wherever that is by then: the torrent may run again."""

    def answered(answer: Answer) -> None:
        schedule.answered(Announced(command.url, answer), around.host.reactor.seconds())

    def failed(failure: Failure) -> None:
        failure.trap(TrackerError)
        error = failure.value
        schedule.failed(AnnounceFailed(command.url, str(error)), around.host.reactor.seconds())

    def go_on(_: object) -> None:
        session = around.sessions.get(info_hash)
        if session is not None and not session.gone:
            session.tick()

    done = around.announces.announce(info_hash, sleeper.peer_id, command)
    done.addCallbacks(answered, failed).addCallback(go_on)
    done.addErrback(_unanswered)


def _unanswered(failure: Failure) -> None:
    """A stop waits for no answer; who did not hear that we are gone finds out by itself."""
    if failure.check(CancelledError) is None:
        log.failure("a sleeping torrent's trackers: a bug of ours", failure)
