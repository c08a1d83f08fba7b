"""`torrent.*` in bulk: each id succeeds or fails by itself, and the answer tells both."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import UnsetType
from twisted.internet.defer import Deferred

from torrentd.rpc.core.bulk import outcomes
from torrentd.rpc.core.errors import describe
from torrentd.rpc.core.registry import Noun, needs
from torrentd.rpc.core.schema import Ids, Many, Move, Queue, Remove, Resume, Set
from torrentd.session.control import Wishes


class Failed(msgspec.Struct, frozen=True):
    id: str
    code: int
    message: str


class BulkResult(msgspec.Struct, frozen=True):
    """In the order in which the ids were given."""

    done: list[str]
    failed: list[Failed]


class MoveJob(msgspec.Struct, frozen=True):
    id: str
    job: int


class MoveResult(msgspec.Struct, frozen=True):
    """`job` is the first of them; each torrent has one of its own."""

    job: int | None
    jobs: list[MoveJob]
    failed: list[Failed]


class Acting(Noun):
    @needs("control")
    async def jsonrpc_pause(self, params: Many) -> BulkResult:
        """Stop torrents until they are resumed."""
        return await self._each(params.ids, self.control.pause)

    @needs("control")
    async def jsonrpc_resume(self, params: Resume) -> BulkResult:
        """Start paused or stopped torrents."""
        return await self._each(params.ids, lambda id: self.control.resume(id, params.force))

    @needs("control")
    async def jsonrpc_verify(self, params: Many) -> BulkResult:
        """Hash all data again; done means it has begun."""
        return await self._each(params.ids, self.control.verify)

    @needs("control")
    async def jsonrpc_announce(self, params: Many) -> BulkResult:
        """Ask the trackers for peers now."""
        return await self._each(params.ids, self.control.announce)

    @needs("control")
    async def jsonrpc_remove(self, params: Remove) -> BulkResult:
        """Forget torrents, and delete their files if asked."""
        return await self._each(params.ids, lambda id: self.control.remove(id, params.delete_data))

    @needs("control")
    async def jsonrpc_set(self, params: Set) -> BulkResult:
        """Change what torrents have of their own: labels, limits, the order of pieces."""
        wishes = _wishes(params)
        return await self._each(params.ids, lambda id: self.control.set(id, wishes))

    @needs("control")
    async def jsonrpc_queue(self, params: Queue) -> BulkResult:
        """Move torrents in the queue; downloads and seeds have a line each."""
        result = await self._each(params.ids, self.control.find)
        await self.control.move_in_queue(result.done, params.to)
        return result

    @needs("control")
    async def jsonrpc_move(self, params: Move) -> MoveResult:
        """Move torrents' files to another directory, or say that they are there now."""
        jobs: list[MoveJob] = []

        async def move(id: str) -> None:
            jobs.append(MoveJob(id, await self.control.move(id, params.path, params.mode)))

        result = await self._each(params.ids, lambda id: Deferred.fromCoroutine(move(id)))
        return MoveResult(jobs[0].job if jobs else None, jobs, result.failed)

    async def _each(self, ids: Ids, act: Callable[[str], Deferred[None]]) -> BulkResult:
        named: list[str] = self.control.ids() if ids == "all" else list(dict.fromkeys(id.lower() for id in ids))
        result = BulkResult([], [])
        for id, error in zip(named, await outcomes(self.control, named, act), strict=True):
            if error is None:
                result.done.append(id)
            else:
                described = describe(error, "a call on many torrents")
                result.failed.append(Failed(id, described.code, described.message))
        return result


def _wishes(params: Set) -> Wishes:
    given = msgspec.structs.asdict(params.limits).items()
    return Wishes(
        labels=None if isinstance(params.labels, UnsetType) else tuple(dict.fromkeys(params.labels)),
        limits={name: limit for name, limit in given if not isinstance(limit, UnsetType)},
        sequential=None if isinstance(params.sequential, UnsetType) else params.sequential,
        priority=None if isinstance(params.priority, UnsetType) else params.priority,
    )
