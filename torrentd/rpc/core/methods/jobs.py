"""`job.*`: long work."""

from __future__ import annotations

import msgspec

from torrentd.rpc.core.methods.daemon import Done
from torrentd.rpc.core.registry import Noun, needs
from torrentd.rpc.core.schema import JobId, Nothing
from torrentd.session.telling.rows import JobRow


class JobList(msgspec.Struct, frozen=True):
    jobs: list[JobRow]


class JobResult(msgspec.Struct, frozen=True):
    job: JobRow


class JobMethods(Noun):
    @needs("read")
    def jsonrpc_list(self, params: Nothing) -> JobList:
        """The work under way, and what ended lately."""
        return JobList(self.control.jobs())

    @needs("read")
    def jsonrpc_get(self, params: JobId) -> JobResult:
        """One job."""
        return JobResult(self.control.job(params.job))

    @needs("control")
    def jsonrpc_cancel(self, params: JobId) -> Done:
        """Give a job up; it ends soon."""
        self.control.cancel_job(params.job)
        return Done()
