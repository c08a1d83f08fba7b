"""Torrents by URL: fetched, bounded, and not from where callers must not reach."""

from __future__ import annotations

import pytest
from twisted.internet.protocol import Factory, Protocol

from tests.session.world import Home, Sample, error, result
from torrentd.model.address import Address
from torrentd.model.errors import MetainfoError, RpcError
from torrentd.session.control import AddOptions
from torrentd.session.entering.urls import AT_ONCE, FETCH_TIME
from torrentd.session.sleeping.sleeper import Sleeper
from torrentd.wire.metainfo import MAX_LENGTH

SITE = Address("8.8.8.8", 80)
URL = "http://site.example/get?key=secret-of-mine"


class Site(Factory):
    """A web server on which each request gets the same bytes."""

    noisy = False

    def __init__(self) -> None:
        self.says = b""
        self.requests: list[bytes] = []

    def answer(self, body: bytes, status: str = "200 OK", more: str = "") -> None:
        self.says = f"HTTP/1.1 {status}\r\n{more}Content-Length: {len(body)}\r\n\r\n".encode() + body

    def redirect(self, location: str) -> None:
        self.answer(b"", "302 Found", f"Location: {location}\r\n")

    def buildProtocol(self, addr: object) -> Protocol:
        site = self

        class Line(Protocol):
            def dataReceived(self, data: bytes) -> None:
                site.requests.append(data)
                self.transport.write(site.says)

        return Line()


@pytest.fixture
def torrent():
    return Sample()


@pytest.fixture
def site(world):
    site = world.network.listening[SITE] = Site()
    world.network.names["site.example"] = [SITE.host]
    return site


def add(home: Home, url: str = URL, **options):
    """Ends when the answer is there."""
    return came(home, home.steering.add_url(url, AddOptions(**options)))


def came(home: Home, answer):
    home.world.until(lambda: answer.called, FETCH_TIME)
    return result(answer)


def refusal(home: Home, url: str = URL, **options) -> Exception:
    found = error(lambda: _waited(home, url, options))
    assert "secret" not in str(found)
    assert home.steering.ids() == []
    return found


def _waited(home: Home, url: str, options):
    answer = home.steering.add_url(url, AddOptions(**options))
    home.world.until(lambda: answer.called, FETCH_TIME)
    return answer


def test_the_file_comes_in_like_any_other(home, site, torrent):
    site.answer(torrent.metainfo)
    assert add(home, paused=True, labels=("a",)) == (torrent.id, True)
    assert add(home) == (torrent.id, False)
    row = home.row(torrent)
    assert (row.state, row.labels) == ("paused", ["a"])
    assert site.requests[0].startswith(b"GET /get?key=secret-of-mine HTTP/1.1\r\n")


def test_a_redirect_to_a_magnet_link(home, site, torrent):
    site.redirect(f"MAGNET:?xt=urn:btih:{torrent.id}&dn=film")
    assert add(home, paused=True) == (torrent.id, True)
    assert (home.row(torrent).name, home.row(torrent).metadata_progress) == ("film", 0.0)


def test_a_redirect_to_a_bad_magnet_link(home, site):
    site.redirect("magnet:?dn=film")
    assert isinstance(refusal(home), MetainfoError)


def test_a_web_page(home, site):
    site.answer(b"\n <!DOCTYPE html><html>Log in to site.example</html>")
    found = refusal(home)
    assert (type(found), str(found)) == (MetainfoError, "the server sent a web page, not a torrent")


@pytest.mark.parametrize("body", [b"", b"de", b"\x00" * 1000, b"i1e"])
def test_what_is_no_torrent(home, site, body):
    site.answer(body)
    assert isinstance(refusal(home), MetainfoError)


@pytest.mark.parametrize(
    ("status", "more", "words"),
    [
        ("404 Not Found", "", "HTTP status 404"),
        ("204 No Content", "", "HTTP status 204"),
        ("302 Found", "", "without a location"),
        ("302 Found", "Location: ftp://site.example/a\r\n", "not http"),
        ("302 Found", "Location: file:///etc/passwd\r\n", "not http"),
        ("302 Found", "Location: /get\r\n", "more than 5 times"),
        ("302 Found", "Location: http://127.0.0.1/\r\n", "local"),
        ("302 Found", "Location: http://[fe80::1]/\r\n", "local"),
        ("200 OK", "Content-Encoding: br\r\n", "packed in a way"),
        ("200 OK", "Content-Encoding: gzip\r\n", "unpack"),
    ],
)
def test_it_does_not_come(home, site, status, more, words):
    site.answer(b"no", status, more)
    found = refusal(home)
    assert isinstance(found, RpcError)
    assert found.name == "fetch_failed"
    assert words in str(found)


def test_one_that_is_too_large(home, site):
    site.answer(bytes(MAX_LENGTH + 1))
    assert "larger than 32768 KiB" in str(refusal(home))


def test_a_server_that_never_ends(home, site):
    site.says = b"HTTP/1.1 200 OK\r\n\r\n"
    assert f"no answer within {FETCH_TIME:g} s" in str(refusal(home))


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "[::1]", "[fd00::1]"])
def test_a_local_address(home, world, host):
    found = refusal(home, f"http://{host}/announce.torrent")
    assert "local, which network.local_trackers does not allow" in str(found)
    assert world.network.dialled == []


def test_a_name_that_leads_to_a_local_address(home, world):
    world.network.names["rebound.example"] = ["127.0.0.1"]
    assert "local" in str(refusal(home, "http://rebound.example/a.torrent"))


def test_a_local_address_if_the_configuration_allows_it(make_home, world, site, torrent):
    world.network.listening[Address("127.0.0.1", 80)] = site
    listen = '[network]\nlisten = ["127.0.0.1:6881"]\n'
    site.answer(torrent.metainfo)
    home = make_home(toml=f'{listen}local_trackers = "allow"\n').start()
    assert add(home, "http://127.0.0.1/a.torrent") == (torrent.id, True)


def test_nobody_is_asked_for_what_may_not_be_put_there(home, site, torrent):
    site.answer(torrent.metainfo)
    found = refusal(home, download_dir="/etc")
    assert isinstance(found, RpcError)
    assert (found.name, site.requests) == ("path_not_allowed", [])


def test_no_more_than_some_at_a_time(home, site, torrent, world):
    answers = [home.steering.add_url(URL, AddOptions()) for _ in range(AT_ONCE + 1)]
    world.run(FETCH_TIME / 2)
    assert len(site.requests) == AT_ONCE
    site.answer(torrent.metainfo)
    world.until(lambda: all(answer.called for answer in answers), FETCH_TIME)
    for answer in answers[:-1]:
        with pytest.raises(RpcError, match="no answer within"):
            result(answer)
    assert result(answers[-1]) == (torrent.id, True)


def test_looked_at_only(home, site, torrent, world):
    site.answer(torrent.metainfo)
    row = came(home, home.steering.inspect_url(URL, AddOptions(), 5))
    assert (row.id, home.steering.ids()) == (torrent.id, [])
    site.redirect(f"magnet:?xt=urn:btih:{torrent.id}")
    answer = home.steering.inspect_url(URL, AddOptions(), 5)
    world.run(6)
    assert error(lambda: answer).name == "timeout"


def test_a_server_that_does_not_answer_in_the_time_of_the_caller(home, site, world):
    site.says = b"HTTP/1.1 200 OK\r\n\r\n"
    answer = home.steering.inspect_url(URL, AddOptions(), 5)
    world.run(6)
    found = error(lambda: answer)
    assert (found.name, str(found)) == ("timeout", "The torrent cannot be fetched: no answer within 5 s")


def test_cookies_are_sent_to_the_server_that_is_named_only(home, site, world, torrent):
    world.network.listening[Address("8.8.4.4", 80)] = other = Site()
    world.network.names["other.example"] = ["8.8.4.4"]
    other.answer(torrent.metainfo)
    site.redirect("http://other.example/get")
    assert add(home, cookies="uid=7; pass=secret-of-mine") == (torrent.id, True)
    assert b"\r\nCookie: uid=7; pass=secret-of-mine\r\n" in site.requests[0]
    assert b"secret" not in other.requests[0]
    assert "secret" not in repr(AddOptions(cookies="secret"))


def test_the_daemon_stops_meanwhile(home, site, world):
    site.says = b"HTTP/1.1 200 OK\r\n\r\n"
    answer = home.steering.add_url(URL, AddOptions())
    world.run(1)
    home.stop()
    assert error(lambda: answer).name == "shutting_down"


def test_one_that_is_here_asleep_stays_so(home, site, torrent, world):
    site.answer(torrent.metainfo)
    add(home, paused=True)
    world.run(120)
    assert add(home) == (torrent.id, False)
    assert isinstance(home.daemon.around.torrents[bytes.fromhex(torrent.id)], Sleeper)
