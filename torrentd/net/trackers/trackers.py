"""Announces and scrapes, whichever protocol the tracker speaks.

Everything is bounded: how many are under way (places.py), how long each may take, how much it may bring. What comes
back is an `Answer`, or a `TrackerError` whose text is fit for a user: it names no URL, for its path or query is the
user's passkey on many trackers, and a tracker's own words are cleaned of what may be one.

A tracker may name peers of its own scope or wider only: one on the internet that names 127.0.0.1 or 192.168.1.1 would
have us knock at doors it cannot see itself.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar

from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.logger import Logger
from twisted.web.iweb import IPolicyForHTTPS

from torrentd.model.address import Address, Scope, scope
from torrentd.model.errors import TrackerError
from torrentd.net.datagram import Datagrams
from torrentd.net.network import Network
from torrentd.net.trackers.address_policy import SCRAPE_PATH, AddressPolicy, LocalTrackers
from torrentd.net.trackers.families import ask_each, families_of, of_family
from torrentd.net.trackers.http import HttpClient
from torrentd.net.trackers.places import Places
from torrentd.net.trackers.resolver import Resolver
from torrentd.net.trackers.target import host_of, parse, parse_udp, without_secrets
from torrentd.net.trackers.udp import UdpClient
from torrentd.swarm.commands import Announce
from torrentd.wire.tracker import http as http_answers
from torrentd.wire.tracker import udp as udp_packets
from torrentd.wire.tracker.answer import Answer, ScrapeAnswer, merged

DEADLINE: Final = 30.0
"""Seconds for a request in all: name, connects, redirects, the last byte."""

STOPPED_DEADLINE: Final = 5.0
"""The same for `stopped`: the daemon's end waits for it."""

MOST_NAMES: Final = 50
"""Host names of one answer that are resolved."""

NAMES_DEADLINE: Final = 5.0
"""Seconds for the host names in an answer; those that take longer are left out."""

Result = TypeVar("Result")


class Trackers:
    """Asks trackers through `network` and the UDP `sockets`. `local` is the configuration's `local_trackers`, `bind`
    the source address or interface of streams ("" for any)."""

    def __init__(
        self,
        reactor: Any,
        network: Network,
        sockets: Sequence[Datagrams],
        secret_rng: random.Random,
        *,
        local: LocalTrackers = "announce",
        bind: str = "",
        resolver: Resolver | None = None,
        tls: IPolicyForHTTPS | None = None,
        deadline: float | None = None,
        stopped_deadline: float = STOPPED_DEADLINE,
    ) -> None:
        self._reactor = reactor
        self._resolver = resolver or network.resolver()
        self._policy = AddressPolicy(local)
        self._http = HttpClient(reactor, network, self._resolver, self._policy, bind, tls)
        self._sockets = sockets
        self._udp = UdpClient(reactor, sockets, secret_rng)
        self._places = Places()
        self._deadline = DEADLINE if deadline is None else deadline
        self._stopped_deadline = stopped_deadline
        self._running: dict[Deferred[Any], None] = {}
        self._stopped = False

    def announce(
        self, command: Announce, *, info_hash: bytes, peer_id: bytes, port: int, ipv4: str = "", ipv6: str = ""
    ) -> Deferred[Answer]:
        """Announce, over both families if the tracker and we have both; `port` is where we listen, `ipv4` and `ipv6`
        are addresses the tracker cannot see (BEP 7). The answer's `peers` include those of its `names` that resolved.
        Errback TrackerError. May be cancelled."""
        fields: dict[str, Any] = {
            "info_hash": info_hash,
            "peer_id": peer_id,
            "port": port,
            "uploaded": command.uploaded,
            "downloaded": command.downloaded,
            "left": command.left,
            "event": command.event,
            "numwant": command.numwant,
            "key": command.key,
        }
        http_fields = {"tracker_id": command.tracker_id, "ipv4": ipv4, "ipv6": ipv6}
        last = command.event == "stopped"
        deadline = self._stopped_deadline if last else self._deadline

        async def ask() -> Answer:
            udp = _speaks_udp(command.url)

            async def ask_families() -> list[tuple[Answer, Scope]]:
                make = self._announce_udp if udp else self._announce_http
                told = fields if udp else {**fields, **http_fields}
                families = await self._families(command.url)
                return await ask_each(self._reactor, [make(command.url, told, hosts) for hosts in families])

            answers = await self._in_place(command.url, deadline, ask_families())
            for answer, reach in answers:
                if not last:
                    await self._add_named(answer)
                answer.peers = [peer for peer in answer.peers if scope(peer.host) >= max(reach, Scope.LOOPBACK)]
            answer = merged([answer for answer, _ in answers])
            answer.warning = without_secrets(answer.warning, command.url)
            return answer

        return self._run(ask, command.url)

    def scrape(self, url: str, info_hash: bytes) -> Deferred[ScrapeAnswer]:
        """Ask for a torrent's numbers. Errback TrackerError, also when the tracker's URL allows no scrape (BEP 48)."""

        async def ask() -> ScrapeAnswer:
            make = self._scrape_udp if _speaks_udp(url) else self._scrape_http
            return await self._in_place(url, self._deadline, make(url, info_hash))

        return self._run(ask, url)

    def stop(self) -> None:
        """Give up everything that is under way; further calls fail."""
        self._stopped = True
        for running in list(self._running):
            running.cancel()
        self._resolver.stop()

    # --- the two protocols

    async def _families(self, url: str) -> list[list[str]]:
        """The tracker's addresses of each family over which to announce. A name that does not resolve is an error."""
        hosts = await self._resolve(parse_udp(url)[0] if _speaks_udp(url) else parse(url).host)
        families = families_of(hosts, [each.v6 for each in self._sockets if each.bound])
        return [of_family(hosts, v6) for v6 in families]

    async def _announce_http(self, url: str, fields: dict[str, Any], hosts: list[str]) -> tuple[Answer, Scope]:
        status, body, reach = await self._http.fetch(http_answers.announce_url(url, **fields), hosts=hosts)
        return _parsed(status, body, http_answers.parse_answer), reach

    async def _scrape_http(self, url: str, info_hash: bytes) -> ScrapeAnswer:
        scrape_url = http_answers.scrape_url(url, info_hash)
        if scrape_url is None:
            raise TrackerError("the tracker's URL allows no scrape")
        status, body, _ = await self._http.fetch(scrape_url, begins=SCRAPE_PATH)
        return _parsed(status, body, lambda whole: http_answers.parse_scrape(whole, info_hash))

    async def _announce_udp(self, url: str, fields: dict[str, Any], hosts: list[str]) -> tuple[Answer, Scope]:
        def request(tracker: Address, connection: int, transaction: int) -> bytes:
            told = url if self._policy.may_be_told(tracker.host) else ""
            return udp_packets.announce_request(connection, transaction, url=told, **fields)

        def parse(packet: bytes, tracker: Address) -> Answer:
            return udp_packets.parse_announce(packet, v6=":" in tracker.host)

        answer, tracker = await self._udp.ask(self._udp_addresses(url, hosts), request, parse)
        return answer, scope(tracker.host)

    async def _scrape_udp(self, url: str, info_hash: bytes) -> ScrapeAnswer:
        def request(tracker: Address, connection: int, transaction: int) -> bytes:
            return udp_packets.scrape_request(connection, transaction, [info_hash])

        def parse(packet: bytes, tracker: Address) -> list[ScrapeAnswer]:
            return udp_packets.parse_scrape(packet)

        hosts = await self._resolve(parse_udp(url)[0])
        numbers, _ = await self._udp.ask(self._udp_addresses(url, hosts), request, parse)
        return numbers[0] if numbers else ScrapeAnswer()

    def _udp_addresses(self, url: str, hosts: list[str]) -> list[Address]:
        _, port = parse_udp(url)
        return [Address(each, port) for each in self._policy.permitted(hosts, None)]

    async def _resolve(self, host: str) -> list[str]:
        try:
            return await self._resolver.resolve(host)
        except OSError as problem:
            raise TrackerError(str(problem)) from None

    # --- around each request

    def _run(self, ask: Callable[[], Coroutine[Any, Any, Result]], url: str) -> Deferred[Result]:
        """Start, and remember it for `stop`."""
        running: Deferred[Result] = Deferred.fromCoroutine(self._worded(ask, url))
        if not running.called:
            self._running[running] = None
            running.addBoth(self._over, running)
        return running

    def _over(self, result: Result, running: Deferred[Result]) -> Result:
        self._running.pop(running, None)
        return result

    async def _worded(self, ask: Callable[[], Awaitable[Result]], url: str) -> Result:
        """Whatever goes wrong becomes a TrackerError without secrets."""
        if self._stopped:
            raise TrackerError("the daemon is stopping")
        try:
            return await ask()
        except TrackerError as problem:
            raise TrackerError(without_secrets(str(problem), url), problem.retry_in) from None
        except CancelledError:
            raise TrackerError("the request was given up") from None
        except Exception:
            _log.failure("a request to the tracker {host} failed by our fault", host=host_of(url))
            raise TrackerError("an internal error (see the log)") from None

    async def _in_place(self, url: str, seconds: float, request: Coroutine[Any, Any, Result]) -> Result:
        host = host_of(url).lower()
        try:
            await self._places.take(host)
        except BaseException:
            request.close()
            raise
        try:
            return await self._within(seconds, request)
        finally:
            self._places.give_back(host)

    async def _within(self, seconds: float, request: Coroutine[Any, Any, Result]) -> Result:
        """Cancel the request at its deadline."""
        expired = False

        def expire() -> None:
            nonlocal expired
            expired = True
            work.cancel()

        work: Deferred[Result] = Deferred.fromCoroutine(request)
        deadline = self._reactor.callLater(seconds, expire)
        try:
            return await work
        except Exception:
            if expired:
                raise TrackerError(f"no answer within {seconds:g} s") from None
            raise
        finally:
            if deadline.active():
                deadline.cancel()

    async def _add_named(self, answer: Answer) -> None:
        """Resolve the host names of a dictionary peer list, as far as that goes in time."""
        names = answer.names[:MOST_NAMES]
        answer.names = []
        if names:
            lookups = [self._resolver.resolve(name).addTimeout(NAMES_DEADLINE, self._reactor) for name, _ in names]
            results = await DeferredList(lookups, consumeErrors=True)
            for (succeeded, hosts), (_, port) in zip(results, names, strict=True):
                if succeeded:
                    answer.peers += [Address(host, port) for host in hosts]


def _parsed(status: int, body: bytes, parse: Callable[[bytes], Result]) -> Result:
    """Read an HTTP answer. A failure reason is the best there is to say, whatever the status."""
    if status == 200:
        return parse(body)
    try:
        parse(body)
    except TrackerError as problem:
        if b"failure reason" in body:
            raise problem from None
    raise TrackerError(f"HTTP status {status}")


def _speaks_udp(url: str) -> bool:
    return url[:6].lower() == "udp://"


_log = Logger()
