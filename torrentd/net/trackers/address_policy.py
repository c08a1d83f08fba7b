"""Which addresses a tracker URL may lead to.

A torrent's author chooses the URLs that we fetch: without a rule he could have us talk to a router's or a database's
web interface behind our firewall (SSRF). The rule is libtorrent's: a tracker on this host or a private network is
fine if it looks like one. It is applied to the addresses that a name resolved to, and what it let through is what is
connected to; a second resolution could answer something else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias
from urllib.parse import unquote

from torrentd.model.address import Scope, scope
from torrentd.model.errors import TrackerError

LocalTrackers: TypeAlias = Literal["announce", "allow", "deny"]
"""The configuration's `network.local_trackers`."""

ANNOUNCE_PATH: Final = "/announce"
SCRAPE_PATH: Final = "/scrape"
"""A scrape goes where the announce went, with this in place of ANNOUNCE_PATH (BEP 48)."""


class AddressPolicy:
    """Filters addresses; everything else than a global one is `local`."""

    def __init__(self, local: LocalTrackers = "announce") -> None:
        self._local = local

    def permitted(
        self, hosts: Iterable[str], path: str | None, *, begins: str = ANNOUNCE_PATH, sent_from: Scope = Scope.LOOPBACK
    ) -> list[str]:
        """Those of `hosts` (IP literals) that may be dialled. TrackerError with the reason if there is none.

        `path` is the URL's, None for UDP, which gets nothing but the exchange of BEP 15. `sent_from` is the scope of
        the server that redirected us, LOOPBACK if the URL is the user's or the torrent's own.
        """
        reason = "the name has no address"
        found = []
        for host in hosts:
            refusal = self._refusal(scope(host), path, begins, sent_from)
            if refusal:
                reason = refusal
            else:
                found.append(host)
        if not found:
            raise TrackerError(reason)
        return found

    def may_be_told(self, host: str) -> bool:
        """Whether a UDP tracker at that address gets path and query of its URL (BEP 41). The torrent's author chose
        them, and what listens on a local port may not be a tracker: it gets the plain exchange of BEP 15 only."""
        return self._local == "allow" or scope(host) is Scope.GLOBAL

    def _refusal(self, reach: Scope, path: str | None, begins: str, sent_from: Scope) -> str:
        """Why not; empty if it may be dialled."""
        if reach is Scope.INVALID:
            return "the server's address cannot be dialled"
        if reach is Scope.GLOBAL or self._local == "allow":
            return ""
        if self._local == "deny":
            return "the server's address is local, which network.local_trackers does not allow"
        if reach < sent_from:
            return "the server redirects to a local address"
        if path is not None and not _leads_to(path, begins):
            return f"the server's address is local, and its path does not start with {begins}"
        return ""


def _leads_to(path: str, begins: str) -> bool:
    """Whether the path starts so, and does not climb out of it again."""
    return path.startswith(begins) and ".." not in unquote(path).split("/")
