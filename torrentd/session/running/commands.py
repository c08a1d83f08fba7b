"""What each command of the pure torrent does to the world: one function each, found by the command's type."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from twisted.python.failure import Failure

from torrentd.model.errors import TrackerError
from torrentd.session.telling.urls import safe_url
from torrentd.swarm import commands as c
from torrentd.swarm.events import Announced, AnnounceFailed, Scraped
from torrentd.wire.escape import escape
from torrentd.wire.peer.encode import encode, encode_requests
from torrentd.wire.tracker.answer import Answer, ScrapeAnswer

if TYPE_CHECKING:
    from torrentd.session.driven import Driven
    from torrentd.session.magnets.magnet import MagnetSession
    from torrentd.session.running.torrent import TorrentSession


def send(session: TorrentSession, command: c.Send) -> None:
    connection = session.connections.get(command.peer)
    if connection is not None:
        connection.send(encode(command.messages))
        session.unflushed[command.peer] = connection


def ask(session: TorrentSession, command: c.Ask) -> None:
    connection = session.connections.get(command.peer)
    if connection is not None:
        connection.send(encode_requests(command.ranges))
        session.unflushed[command.peer] = connection


def read_at(session: TorrentSession, command: c.ReadAt) -> None:
    connection = session.connections.get(command.peer)
    if connection is not None:
        connection.pace_reading(command.pace)


def serve(session: TorrentSession, command: c.Serve) -> None:
    connection = session.connections.get(command.peer)
    if connection is not None:
        connection.serve(command.ranges, command.block, session.storage, command.pace)


def close(session: TorrentSession, command: c.Close) -> None:
    connection = session.connections.get(command.peer)
    if connection is not None:
        connection.flush()
        connection.close(command.reason)


def connect(session: TorrentSession, command: c.Connect) -> None:
    session.around.connections.dial(session, command.address)


def want_peers(session: TorrentSession, command: c.WantPeers) -> None:
    session.around.connections.want(session, command.count)


def seen_at(session: TorrentSession, command: c.SeenAt) -> None:
    session.around.connections.seen_at(command.address, command.voter)


def mark(session: TorrentSession, command: c.Mark) -> None:
    session.durability.marks.mark(command.pieces)


def store(session: TorrentSession, command: c.Store) -> None:
    session.storage.store(command.piece, command.begin, command.views)
    if command.complete:
        session.durability.marks.writing(command.piece)
        session.storage.finish(command.piece, command.digests)  # session.stored hears what comes of it


def discard(session: TorrentSession, command: c.Discard) -> None:
    session.storage.discard(command.pieces)
    session.durability.marks.discard(command.pieces)


def finished(session: TorrentSession, command: c.Finished) -> None:
    session.durability.finish()


def announce(session: TorrentSession, command: c.Announce) -> None:
    done = session.around.announces.announce(session.info_hash, session.peer_id, command)

    def answered(answer: Answer) -> None:
        for ours in answer.external_ips:
            session.around.connections.seen_at(ours, urlsplit(command.url).hostname or "")
        session.handle(Announced(command.url, answer))

    def failed(failure: Failure) -> None:
        failure.trap(TrackerError)
        error: Any = failure.value
        message = escape(str(error))
        session.around.tell("tracker.error", id=session.id, url=safe_url(command.url), message=message)
        session.handle(AnnounceFailed(command.url, str(error), error.retry_in))

    done.addCallbacks(answered, failed).addErrback(session.our_fault)


def scrape(session: TorrentSession, command: c.Scrape) -> None:
    def scraped(answer: ScrapeAnswer) -> None:
        session.handle(Scraped(command.url, answer))

    done = session.around.announces.scrape(session, command.url)
    done.addCallbacks(scraped, lambda failure: failure.trap(TrackerError) and None).addErrback(session.our_fault)


def banned(session: Driven[Any], command: c.Banned) -> None:
    session.around.banning.banned(command.whom, command.reason, session.info_hash)


def node_known(session: TorrentSession, command: c.NodeKnown) -> None:
    session.around.dht.node_known(command.address)


def metadata_fetched(session: MagnetSession, command: c.MetadataFetched) -> None:
    session.fetched(command.data)


RUN: dict[type, Callable[[Any, Any], None]] = {
    c.Send: send,
    c.Ask: ask,
    c.ReadAt: read_at,
    c.Serve: serve,
    c.Close: close,
    c.Connect: connect,
    c.WantPeers: want_peers,
    c.SeenAt: seen_at,
    c.Mark: mark,
    c.Store: store,
    c.Discard: discard,
    c.Finished: finished,
    c.Announce: announce,
    c.Scrape: scrape,
    c.Banned: banned,
    c.NodeKnown: node_known,
    c.MetadataFetched: metadata_fetched,
}
