"""Long work that somebody asked for: what it is, how far it is, how it ended, and how it is given up.

Whoever does such work begins a job, tells it how far it is, and finishes it. What ended is kept for a while, so that
who asked can still read how.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from torrentd.model.errors import RpcError
from torrentd.session.telling.rows import JobError, JobKind, JobRow, JobState

if TYPE_CHECKING:
    from torrentd.session.around import Around

KEPT = 200
"""Jobs that ended."""

STEP = 0.01
"""The share by which a job has to be further before that is an event."""


@dataclass(slots=True, eq=False)
class Job:
    """One piece of work. `done` and `total` in bytes. Whoever does it looks now and then whether it `is_cancelled`, and
    then finishes it soon; while it is not `cancellable` nobody can ask for that."""

    id: int
    kind: JobKind
    torrent: str
    total: int
    cancellable: bool
    started_at: float
    jobs: Jobs = field(repr=False)
    done: int = 0
    state: JobState = "running"
    ended_at: float | None = None
    error: JobError | None = None
    told: float = 0.0

    def advance(self, done: int) -> None:
        """So many bytes are done."""
        self.done = done
        if self.progress >= self.told + STEP:
            self.jobs.tell(self)

    def finish(self, error: JobError | None = None) -> None:
        """It is over: done, failed, or given up if that was asked for. Later calls do nothing."""
        if self.ended_at is not None:
            return
        if error is not None:
            self.state, self.error = "failed", error
        elif self.state == "running":
            self.state, self.done = "done", self.total
        else:
            self.state = "cancelled"
        self.jobs.over(self)

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody wants it given up."""
        return self.state in ("cancelling", "cancelled")

    @property
    def progress(self) -> float:
        return 1.0 if self.state == "done" else self.done / self.total if self.total else 0.0

    def row(self) -> JobRow:
        """As the API shows it."""
        return JobRow(
            id=self.id,
            kind=self.kind,
            torrent=self.torrent,
            state=self.state,
            progress=self.progress,
            done=self.done,
            total=self.total,
            started_at=self.started_at,
            ended_at=self.ended_at,
            error=self.error,
            cancellable=self.state == "running" and self.cancellable,
        )


class Jobs:
    """All jobs of this run of the daemon, numbered from 1."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._jobs: dict[int, Job] = {}
        self._count = 0
        self._ended: list[int] = []

    def begin(self, kind: JobKind, torrent: str, total: int, *, cancellable: bool = False) -> Job:
        """A job over `total` bytes that begins now."""
        self._count += 1
        job = Job(self._count, kind, torrent, total, cancellable, self._around.host.wall_clock(), self)
        self._jobs[job.id] = job
        self.tell(job)
        return job

    def rows(self) -> list[JobRow]:
        """In the order in which they began."""
        return [job.row() for job in self._jobs.values()]

    def row(self, id: int) -> JobRow:
        """RpcError("job_not_found")."""
        return self._find(id).row()

    def cancel(self, id: int) -> None:
        """It will end soon. RpcError("job_not_found"), or "wrong_state" for what is over or cannot be given up."""
        job = self._find(id)
        if job.state == "cancelling":
            return
        if job.state != "running":
            raise RpcError("wrong_state", f"The job is over: {job.state}")
        if not job.cancellable:
            raise RpcError("wrong_state", f"A job of the kind {job.kind!r} cannot be cancelled")
        job.state = "cancelling"

    def tell(self, job: Job) -> None:
        """The event."""
        job.told = job.progress
        self._around.tell("job", **msgspec.to_builtins(job.row()))

    def over(self, job: Job) -> None:
        """It ended now."""
        job.ended_at = self._around.host.wall_clock()
        self._ended.append(job.id)
        if len(self._ended) > KEPT:
            del self._jobs[self._ended.pop(0)]
        self.tell(job)

    def _find(self, id: int) -> Job:
        job = self._jobs.get(id)
        if job is None:
            raise RpcError("job_not_found", "There is no such job, or it ended long ago")
        return job
