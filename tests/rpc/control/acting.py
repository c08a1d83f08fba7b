"""What is done with its torrents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from twisted.internet.defer import Deferred, fail, succeed

from tests.rpc.control.part import Part
from tests.rpc.control.rows import ONE
from torrentd.model.address import Address
from torrentd.model.errors import MetainfoError
from torrentd.policy.queueing import Where
from torrentd.session.control import AddOptions, FileChoice, Wishes


class Acting(Part):
    """Does as it is told, and remembers it."""

    def add(self, metainfo: bytes, options: AddOptions) -> Deferred[tuple[str, bool]]:
        self.told.append(("add", metainfo, options))
        if not metainfo.startswith(b"d"):
            return fail(MetainfoError("not a bencoded dictionary"))
        return succeed((ONE, False))

    def add_magnet(self, link: str, options: AddOptions) -> Deferred[tuple[str, bool]]:
        self.told.append(("add_magnet", link, options))
        return succeed((ONE, True))

    def add_url(self, url: str, options: AddOptions) -> Deferred[tuple[str, bool]]:
        self.told.append(("add_url", url, options))
        return succeed((ONE, True))

    def pause(self, id: str) -> Deferred[None]:
        return self._do("pause", id)

    def resume(self, id: str, force: bool) -> Deferred[None]:
        return self._do("resume", id, force)

    def verify(self, id: str) -> Deferred[None]:
        return self._do("verify", id)

    def announce(self, id: str) -> Deferred[None]:
        return self._do("announce", id)

    def remove(self, id: str, delete_data: bool) -> Deferred[None]:
        return self._do("remove", id, delete_data)

    def move_in_queue(self, ids: Sequence[str], to: Where) -> Deferred[None]:
        self.told.append(("move_in_queue", tuple(ids), to))
        return succeed(None)

    def set(self, id: str, wishes: Wishes) -> Deferred[None]:
        return self._do("set", id, wishes)

    def move(self, id: str, path: str, mode: Literal["move", "point"]) -> Deferred[int]:
        self.row(id)
        self.told.append(("move", id, path, mode))
        return succeed(7)

    def rename(self, id: str, path: str, name: str) -> Deferred[str]:
        self.row(id)
        self.told.append(("rename", id, path, name))
        return succeed(name)

    def set_files(self, id: str, choices: Sequence[FileChoice]) -> Deferred[None]:
        return self._do("set_files", id, choices)

    def set_trackers(self, id: str, tiers: Sequence[Sequence[str]]) -> Deferred[list[list[str]]]:
        return self._do("set_trackers", id, tiers).addCallback(lambda _: [list(tier) for tier in tiers])

    def edit_trackers(self, id: str, add: Sequence[str], remove: Sequence[str]) -> Deferred[list[list[str]]]:
        return self._do("edit_trackers", id, list(add), list(remove)).addCallback(lambda _: [list(add)])

    def export(self, id: str) -> Deferred[tuple[bytes, str]]:
        return self._do("export", id).addCallback(lambda _: (b"d4:infodee", "magnet:?"))

    def add_peers(self, id: str, peers: Sequence[Address]) -> Deferred[int]:
        self.row(id)
        self.told.append(("add_peers", id, peers))
        return succeed(len(peers))

    def remove_peers(self, id: str, peers: Sequence[Address]) -> Deferred[None]:
        return self._do("remove_peers", id, peers)

    def cancel_job(self, id: int) -> None:
        self.job(id)
        self.told.append(("cancel_job", id))
