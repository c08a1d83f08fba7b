"""What the outside may ask of the daemon. The RPC layer knows only this; `session.daemon.Daemon` implements it.

Errors are `RpcError` (by name, see the API), `MetainfoError` or `StorageError`; anything else is a bug of ours.
`id` arguments are well-formed lower-case hex; an unknown one raises RpcError("torrent_not_found").
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import msgspec
from msgspec import UNSET, Struct, UnsetType
from twisted.internet.defer import Deferred

from torrentd.model.address import Address
from torrentd.model.layout import Priority
from torrentd.policy.queueing import Where
from torrentd.policy.rates.weights import TorrentPriority
from torrentd.session.alternative import AlternativeChanges, Override
from torrentd.session.events.log import Event, Found, Listener, Topic
from torrentd.session.groups import GroupLimits, Membership
from torrentd.session.telling.details import DetailsRow
from torrentd.session.telling.rows import (
    AlternativeRow,
    BanRow,
    BlocklistRow,
    ClosedPeerRow,
    DhtStatusRow,
    DiskRow,
    FileRow,
    InspectRow,
    JobRow,
    LimitsRow,
    PeerRow,
    PiecesRow,
    StatusRow,
    TorrentRow,
    TrackerRow,
    WaitRow,
)
from torrentd.state.records import LimitValue


class FileChoice(Struct, frozen=True):
    """A priority for one file (by index) or for all whose path fits a glob; exactly one of the two is set."""

    priority: Priority
    index: int | None = None
    glob: str | None = None


@dataclass(frozen=True, slots=True)
class AddOptions:
    """How to add. None means: the daemon's default."""

    download_dir: str | None = None
    paused: bool = False
    files: tuple[FileChoice, ...] = ()
    verify: Literal["auto", "full", "skip"] = "auto"
    peers: tuple[Address, ...] = ()
    trackers: tuple[str, ...] | None = None
    if_exists: Literal["return", "error", "merge"] = "return"
    sequential: bool = False
    priority: TorrentPriority = "normal"
    labels: tuple[str, ...] = ()
    stop_after: Literal["metadata", "download"] | None = None
    limits: LimitsRow = field(default_factory=LimitsRow)
    cookies: str = field(default="", repr=False)
    """for the server that a URL names"""


class Wishes(Struct, frozen=True):
    """What the user changes of one torrent. None: it stays as it is."""

    labels: tuple[str, ...] | None = None
    limits: Mapping[str, LimitValue] = msgspec.field(default_factory=dict)
    """those that change; None as a value: the daemon's is in force again"""
    sequential: bool | None = None
    priority: TorrentPriority | None = None


class Changes(Struct, frozen=True):
    """The answer to "what changed since revision": `full` means the revision was unknown and these are all rows."""

    rows: list[TorrentRow]
    removed: list[str]
    revision: int
    full: bool


class Control(Protocol):
    """The daemon as the RPC sees it."""

    def ids(self) -> list[str]:
        """Every torrent, in the order in which they were added."""

    def row(self, id: str) -> TorrentRow: ...

    def revision(self) -> int:
        """The latest, see `changes`."""

    def changes(self, since: int | None, columns: Collection[str] | None = None) -> Changes:
        """What changed after a revision; None for all rows. Of columns that are not named, a row may tell what was
        true some time ago, and if `queue` is not, nobody has changed of whom only the place in the queue is another. A
        row that is the same object as before has not changed."""

    def files(self, id: str) -> Deferred[list[FileRow]]: ...

    def peers(self, id: str) -> Deferred[tuple[list[PeerRow], list[ClosedPeerRow]]]: ...

    def trackers(self, id: str) -> Deferred[list[TrackerRow]]: ...

    def pieces(self, id: str) -> Deferred[PiecesRow]: ...

    def details(self, id: str) -> Deferred[DetailsRow]: ...

    def add(self, metainfo: bytes, options: AddOptions) -> Deferred[tuple[str, bool]]:
        """(id, added), after the row is committed. Large metainfo is parsed in a worker. RpcError("path_not_allowed"),
        also where another torrent has a file of the same path and another size."""

    def add_magnet(self, link: str, options: AddOptions) -> Deferred[tuple[str, bool]]:
        """The same by a magnet link; the metadata is fetched from peers afterwards."""

    def add_url(self, url: str, options: AddOptions) -> Deferred[tuple[str, bool]]:
        """The same by the http or https URL of a .torrent file. RpcError "fetch_failed" if it does not come."""

    def inspect(self, metainfo: bytes) -> Deferred[InspectRow]: ...

    def inspect_magnet(self, link: str, options: AddOptions, timeout: float) -> Deferred[InspectRow]:
        """Fetches the metadata, and adds nothing. RpcError "timeout" or "fetch_failed" if it does not come."""

    def inspect_url(self, url: str, options: AddOptions, timeout: float) -> Deferred[InspectRow]:
        """Fetches the .torrent file, and adds nothing; the options are for a magnet link in its place."""

    def pause(self, id: str) -> Deferred[None]: ...

    def resume(self, id: str, force: bool) -> Deferred[None]: ...

    def verify(self, id: str) -> Deferred[None]:
        """Begins a full recheck; fires when it has begun."""

    def announce(self, id: str) -> Deferred[None]: ...

    def remove(self, id: str, delete_data: bool) -> Deferred[None]: ...

    def let_others(self) -> Deferred[None]:
        """Fires in another turn of the reactor: who has much to do lets others in between."""

    def find(self, id: str) -> Deferred[None]:
        """Fires if there is such a torrent and it can be used."""

    def move_in_queue(self, ids: Sequence[str], to: Where) -> Deferred[None]:
        """Each in its own line; they keep their order among themselves. All of them must be there."""

    def set(self, id: str, wishes: Wishes) -> Deferred[None]: ...

    def move(self, id: str, path: str, mode: Literal["move", "point"]) -> Deferred[int]:
        """The job that moves the torrent's files to the directory ("point": they are there already, and are looked
        at). RpcError("path_not_allowed", "busy")."""

    def rename(self, id: str, path: str, name: str) -> Deferred[str]:
        """Call the file or folder at `path` otherwise, and the torrent if it is the first; its new path.
        RpcError("file_index", "path_not_allowed", "busy", "wrong_state")."""

    def set_files(self, id: str, choices: Sequence[FileChoice]) -> Deferred[None]:
        """RpcError("file_index") when an index is out of range or a glob fits nothing."""

    def set_trackers(self, id: str, tiers: Sequence[Sequence[str]]) -> Deferred[list[list[str]]]:
        """All trackers anew; the tiers as they are then."""

    def edit_trackers(self, id: str, add: Sequence[str], remove: Sequence[str]) -> Deferred[list[list[str]]]:
        """Some more, each in a tier of its own, and some less; RpcError("invalid_params") for one that is to go and is
        not there."""

    def export(self, id: str) -> Deferred[tuple[bytes, str]]:
        """(the .torrent file with the trackers of now, the magnet link)."""

    def add_peers(self, id: str, peers: Sequence[Address]) -> Deferred[int]: ...

    def remove_peers(self, id: str, peers: Sequence[Address]) -> Deferred[None]:
        """Close the connections to these, and forget their addresses; no ban."""

    def wait(
        self, ids: Sequence[str], until: Literal["metadata", "download", "paused"], timeout: float
    ) -> Deferred[WaitRow]: ...

    def jobs(self) -> list[JobRow]:
        """Under way, and ended lately."""

    def job(self, id: int) -> JobRow:
        """RpcError("job_not_found")."""

    def cancel_job(self, id: int) -> None:
        """It ends soon. RpcError("job_not_found"), or "wrong_state" for what is over or cannot be given up."""

    def poll_events(self, since: str | None, topics: Collection[Topic], timeout: float) -> Deferred[Found]:
        """Fires when something came after the cursor `since` (None: after now), or after `timeout` seconds."""

    def events_after(self, since: str | None, topics: Collection[Topic]) -> Found:
        """What came after the cursor `since`; None: nothing, and the cursor of now."""

    def listen(self, topics: Collection[Topic], tell: Callable[[Event], None]) -> Listener:
        """Be told of each event of these topics at once, until `ignore`."""

    def ignore(self, listener: Listener) -> None: ...

    def status(self) -> StatusRow:
        """Of disks it tells what is known."""

    def look_at_disks(self) -> Deferred[None]:
        """Fires when what `status` says of disks is of now, or after a moment if one of them does not answer."""

    def disk(self, path: str) -> Deferred[DiskRow]:
        """The disk on which an absolute path lies, or would lie."""

    def renew_blocklist(self) -> Deferred[BlocklistRow | None]:
        """Read the list again; fires when that was done, or failed. None: there is none."""

    def bans(self) -> list[BanRow]:
        """The oldest first."""

    def ban(self, networks: Sequence[str], reason: str | None, seconds: float | None) -> Deferred[list[BanRow]]:
        """Ban addresses and networks; None for `seconds`: until they are lifted. RpcError("invalid_params"): nothing
        was changed."""

    def lift_bans(self, networks: Sequence[str]) -> Deferred[int]:
        """How many. RpcError("invalid_params") for one that is not banned: nothing was changed."""

    def unready(self) -> str | None:
        """Why peers are not served; None if they are."""

    def dht_status(self) -> DhtStatusRow: ...

    def limits(self) -> tuple[int | None, int | None]:
        """(down, up) bytes/s; None is unlimited."""

    def alternative_limits(self) -> AlternativeRow:
        """The limits that are in force instead while they are enabled."""

    def set_limits(
        self,
        down: Override | UnsetType = UNSET,
        up: Override | UnsetType = UNSET,
        alternative: AlternativeChanges | None = None,
    ) -> Deferred[None]:
        """Persisted; each beats the file until it is None. What is left out stays. ValueError: a window of the
        schedule cannot be read, and nothing was changed."""

    def config_values(self) -> dict[str, object]:
        """Dotted key -> effective value, for every key of the configuration file. Passwords in URLs and the arguments
        of programs are left out."""

    def config_sources(self) -> dict[str, str]:
        """Dotted key -> "default", "file" or "runtime"."""

    def set_config(self, values: Mapping[str, object]) -> Deferred[None]:
        """Set keys, with values as the file would write them, until they are None again. RpcError("config_invalid"):
        nothing was changed; `problems` has a sentence for each key."""

    def config_schema(self) -> dict[str, object]:
        """JSON Schema of the configuration file."""

    def reload(self) -> Deferred[tuple[list[str], list[str]]]:
        """(changed, restart_required) dotted keys; RpcError("config_invalid") keeps the old configuration."""

    def set_groups(self, limits: Mapping[str, GroupLimits], members: Mapping[str, Membership]) -> None:
        """Which groups there are, and by id who shares other limits than the daemon's: all anew. Nobody else keeps
        that."""

    def kept(self, name: str) -> object:
        """What `keep` was given last; None: nothing, or it was taken away."""

    def keep(self, name: str, value: object) -> Deferred[None]:
        """Keep a JSON value for a layer above; it survives a restart."""

    def set_log_level(self, level: str, namespace: str) -> str:
        """Until the next start or reload; what it was before. RpcError("invalid_params") for an unknown namespace."""

    def shutdown(self) -> None:
        """Begins the clean stop after the caller's answer had a chance to leave."""
