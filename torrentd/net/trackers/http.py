"""HTTP(S) trackers: one GET, redirects followed by hand, everything bounded.

`twisted.web.client.Agent` speaks HTTP; what it leaves to its user is here. A redirect is a new request to a new target
with a new check of the address (`RedirectAgent` has no place for one). A connection serves one request: trackers are
asked every half hour. The deadline is the caller's: he cancels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from msgspec.structs import replace
from OpenSSL import SSL
from service_identity import VerificationError
from twisted.internet import error as net_errors
from twisted.internet.defer import CancelledError
from twisted.python.failure import Failure
from twisted.web.client import Agent, BrowserLikePolicyForHTTPS, RequestTransmissionFailed, ResponseFailed
from twisted.web.http_headers import Headers
from twisted.web.iweb import IPolicyForHTTPS, IResponse

from torrentd import __version__
from torrentd.model.address import Scope
from torrentd.model.errors import TrackerError
from torrentd.net.network import Network
from torrentd.net.trackers.address_policy import ANNOUNCE_PATH, AddressPolicy
from torrentd.net.trackers.body import LARGEST, read_body, too_large
from torrentd.net.trackers.families import of_family
from torrentd.net.trackers.line import Line
from torrentd.net.trackers.resolver import Resolver
from torrentd.net.trackers.target import Target, follow, parse

USER_AGENT: Final = f"torrentd/{__version__}".encode("ascii")

MOST_REDIRECTS: Final = 5

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class Fetched(NamedTuple):
    """A whole answer. `reach` is the scope of the server that gave it."""

    status: int
    body: bytes
    reach: Scope


class HttpClient:
    """Fetches tracker URLs through `network`. `bind` is the source address or interface, "" for any; `tls` makes
    the TLS contexts (the platform's trust roots if None)."""

    def __init__(
        self,
        reactor: Any,
        network: Network,
        resolver: Resolver,
        policy: AddressPolicy,
        bind: str = "",
        tls: IPolicyForHTTPS | None = None,
    ) -> None:
        self._reactor = reactor
        self._network = network
        self._resolver = resolver
        self._policy = policy
        self._bind = bind
        self._tls = tls

    async def fetch(
        self,
        url: str,
        begins: str = ANNOUNCE_PATH,
        hosts: Sequence[str] = (),
        largest: int = LARGEST,
        cookies: str = "",
    ) -> Fetched:
        """GET `url`. `begins`: what the path on a local address must start with. `hosts`: the addresses of the URL's
        name, of one family, if they are known; redirects are followed over that family where there is a choice.
        `largest`: bytes of the body, packed and unpacked. `cookies`, as a browser would send them, are for the URL's
        origin only.
        TrackerError with the reason."""
        target = replace(parse(url), cookies=cookies.encode())
        sent_from = Scope.LOOPBACK
        known, v6 = hosts, (":" in hosts[0] if hosts else None)
        for _ in range(MOST_REDIRECTS + 1):
            line = self._line(target, begins, sent_from, known, v6, largest)
            try:
                response = await self._request(target, line)
                location = _location(response)
                if location is None:
                    return Fetched(response.code, await read_body(response, largest), line.reach)
                target, sent_from, known = follow(target, location), line.reach, ()
            except Exception as problem:
                raise _worded(problem, line, largest) from None
            finally:
                line.hang_up()
        raise TrackerError(f"the server redirects more than {MOST_REDIRECTS} times")

    def _line(
        self, target: Target, begins: str, sent_from: Scope, known: Sequence[str], v6: bool | None, largest: int
    ) -> Line:
        def permit(hosts: list[str]) -> list[str]:
            return of_family(self._policy.permitted(hosts, target.path, begins=begins, sent_from=sent_from), v6)

        tls = self._tls_policy() if target.scheme == "https" else None
        return Line(self._network, self._resolver, target, permit, self._bind, tls, known, largest)

    def _tls_policy(self) -> IPolicyForHTTPS:
        """Made when first needed: reading the trust roots takes 50 ms and some memory."""
        if self._tls is None:
            self._tls = BrowserLikePolicyForHTTPS()
        return self._tls

    async def _request(self, target: Target, line: Line) -> IResponse:
        headers = Headers({b"User-Agent": [USER_AGENT], b"Accept-Encoding": [b"gzip"]})
        if target.credentials:
            headers.addRawHeader(b"Authorization", target.credentials)
        if target.cookies:
            headers.addRawHeader(b"Cookie", target.cookies)
        agent = Agent.usingEndpointFactory(self._reactor, line)
        response: IResponse = await agent.request(b"GET", target.url, headers)
        return response


def _location(response: IResponse) -> str | None:
    """Where the answer sends us, if it does."""
    if response.code not in REDIRECTS:
        return None
    locations = response.headers.getRawHeaders(b"location")
    if not locations:
        raise TrackerError(f"HTTP {response.code} without a location")
    return str(locations[0], "utf-8", "replace")


def _worded(problem: Exception, line: Line, largest: int) -> Exception:
    """The same as a TrackerError that a user understands; a bug of ours and a cancel stay what they are."""
    if line.overrun:
        return too_large(largest)
    in_http = isinstance(problem, ResponseFailed | RequestTransmissionFailed)
    if isinstance(problem, ResponseFailed | RequestTransmissionFailed):
        problem = _first(problem.reasons)
    if isinstance(problem, CancelledError | net_errors.ConnectingCancelledError):
        return CancelledError()
    if isinstance(problem, net_errors.TimeoutError):
        return TrackerError("the connect timed out")
    if isinstance(problem, net_errors.ConnectError):
        return TrackerError(f"the connect failed: {str(problem.args[0] if problem.args else '') or 'no reason given'}")
    if isinstance(problem, net_errors.ConnectionClosed):
        return TrackerError("the connection was closed without an answer")
    if isinstance(problem, OSError):
        return TrackerError(str(problem))
    if isinstance(problem, VerificationError):
        return TrackerError("the server's certificate is for another name")
    if isinstance(problem, SSL.Error):
        return TrackerError(f"TLS failed: {_tls_words(problem)}")
    return TrackerError("the server does not speak HTTP") if in_http else problem


def _tls_words(problem: SSL.Error) -> str:
    """OpenSSL's words for it: its errors hold a list of (library, function, reason)."""
    stack = problem.args[0] if problem.args else []
    reasons = [str(entry[-1]) for entry in stack if isinstance(entry, tuple) and entry]
    return ", ".join(reasons) or "no reason given"


def _first(failures: list[Failure]) -> Exception:
    found = failures[0].value if failures else None
    return found if isinstance(found, Exception) else ValueError("no reason given")
