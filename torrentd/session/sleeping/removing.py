"""A sleeping torrent is forgotten without being woken. Its files stay; to delete them takes one that is awake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import DeferredSemaphore
from twisted.logger import Logger

from torrentd.session.sleeping.leaving import leave
from torrentd.wire.escape import escape

if TYPE_CHECKING:
    from torrentd.session.daemon import Daemon

log = Logger()


async def remove_sleeper(daemon: Daemon, writes: DeferredSemaphore, info_hash: bytes) -> bool:
    """Forget it; `writes`: as many at a time go to the database. False if it was woken meanwhile: then it has to be
    removed awake."""
    around = daemon.around
    sleeper = around.waking.sleeper(info_hash)
    if sleeper is None:
        return False
    await writes.run(daemon.host.state.remove, info_hash)
    if around.torrents.get(info_hash) is not sleeper:
        return False
    row = sleeper.row
    leave(around, info_hash, sleeper)
    around.dht.untrack(info_hash)
    around.drop(info_hash)
    around.changes.remove(row.id)
    around.tell("torrent.removed", id=row.id, name=row.name)
    around.waits.changed(row.id)
    daemon.backups.soon()
    log.info("{name}: removed", name=escape(row.name))
    return True
