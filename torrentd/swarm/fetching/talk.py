"""What peers say while the metadata is fetched, and what is asked of them.

Of the extension protocol everything is understood; what a peer says about pieces is kept for later.
"""

from __future__ import annotations

from torrentd.model.errors import ProtocolError
from torrentd.swarm.commands import Banned, MetadataFetched
from torrentd.swarm.events import Received
from torrentd.swarm.fetching import meeting
from torrentd.swarm.fetching.peer import Peer
from torrentd.swarm.fetching.state import FetchingState
from torrentd.swarm.peers import acceptance, extensions, floods, pex
from torrentd.wire.peer import metadata
from torrentd.wire.peer.extensions import HANDSHAKE, UT_PEX
from torrentd.wire.peer.messages import (
    BitfieldMessage,
    Blocks,
    Cancel,
    Choke,
    Extended,
    Have,
    Interested,
    KeepAlive,
    Message,
    NotInterested,
    Port,
    Request,
    Unchoke,
    Unknown,
)

ALLOWANCES: dict[type[Message], floods.Allowance] = {
    BitfieldMessage: floods.BITFIELD,
    Choke: floods.CHOKE,
    Unchoke: floods.CHOKE,
    Interested: floods.INTEREST,
    NotInterested: floods.INTEREST,
}
"""For what is kept; `have` messages are counted there."""


def received(fetching: FetchingState, event: Received) -> None:
    """All messages of one read, in order."""
    peer = fetching.peers.get(event.peer)
    if peer is None:
        return  # closed by us while the read was on its way
    peer.heard_at = fetching.now
    try:
        for message in event.messages:
            _said(fetching, peer, message)
    except ProtocolError as error:
        meeting.close(fetching, peer, str(error), useful=False)
    fetching.wake(fetching.now)


def _said(fetching: FetchingState, peer: Peer, message: Message) -> None:
    if isinstance(message, Extended):
        floods.spend(peer, floods.EXTENDED, fetching.now)
        _extended(fetching, peer, message)
    elif isinstance(message, Port):
        floods.spend(peer, floods.EXTENDED, fetching.now)
        acceptance.learn_node(fetching, peer, message.port)
    elif isinstance(message, Blocks):
        raise ProtocolError("sent blocks that nobody asked for")
    elif isinstance(message, Request | Cancel | KeepAlive | Unknown):
        floods.spend(peer, floods.REQUEST, fetching.now)  # we have nothing, and choke everybody
    elif isinstance(message, Have):
        peer.kept.keep(message)
    else:
        floods.spend(peer, ALLOWANCES.get(type(message), floods.REQUEST), fetching.now)
        peer.kept.keep(message)


def _extended(fetching: FetchingState, peer: Peer, message: Extended) -> None:
    if message.id == HANDSHAKE:
        said = extensions.heard(fetching, peer, message.payload)
        peer.kept.keep(message)
        speaks = metadata.NAME in peer.extensions
        fetching.download.offered(peer.key, said.metadata_size if speaks else None)
        return
    name = extensions.named(fetching, message)
    if name == metadata.NAME:
        _metadata(fetching, peer, metadata.parse(message.payload))
    elif name == UT_PEX:
        pex.received(fetching, peer, message.payload)


def _metadata(fetching: FetchingState, peer: Peer, message: metadata.Message | None) -> None:
    if isinstance(message, metadata.Request):
        extensions.send(fetching, peer, metadata.NAME, metadata.encode(metadata.Reject(message.piece)))
    elif isinstance(message, metadata.Reject):
        fetching.download.rejected(peer.key, message.piece, fetching.now)
    elif isinstance(message, metadata.Data):
        _piece(fetching, peer, message)


def _piece(fetching: FetchingState, peer: Peer, message: metadata.Data) -> None:
    download = fetching.download
    if not download.received(peer.key, message.piece, message.size, message.data, fetching.now):
        return  # nobody asked for it, or not for long: the allowance for extension messages bounds that
    floods.give_back(peer, floods.EXTENDED)
    peer.downloaded += len(message.data)
    peer.useful_at = fetching.now
    for key in download.take_liars():
        _ban(fetching, fetching.peers[key])
    if download.metadata is not None:
        fetching.commands.append(MetadataFetched(download.metadata))


def _ban(fetching: FetchingState, peer: Peer) -> None:
    reason = "sent false metadata"
    fetching.commands.append(Banned(fetching.bans.ban(peer.address, reason, peer.peer_id), reason))
    meeting.close(fetching, peer, f"banned: {reason}", useful=False)


def due(fetching: FetchingState) -> None:
    """Ask for what is missing."""
    if not fetching.running:
        return
    for key, piece in fetching.download.due(fetching.now):
        peer = fetching.peers[key]
        extensions.send(fetching, peer, metadata.NAME, metadata.encode(metadata.Request(piece)))
    fetching.wake(fetching.download.next_deadline())
