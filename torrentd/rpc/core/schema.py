"""The parameters of every method, as types that validate, document and are the order of by-position parameters.

One Struct per shape of parameters. The results are the rows of `session.telling.rows`, wrapped where the API wraps
them. A parameter that is not here does not exist: it answers -32602 with `data.path`, whatever a later release makes of
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from torrentd.policy.rates.weights import TorrentPriority
from torrentd.rpc.core.context import Grantable
from torrentd.session.events.log import Topic
from torrentd.session.telling.rows import FilePriority, State, TorrentRow
from torrentd.wire.magnet import MAX_LENGTH

MAX_INTEGER = 2**53 - 1  # the largest integer that every JSON reader keeps exact
MAX_WAIT = 300  # seconds: proxies close what is silent for longer
MAX_PATH = 4096  # PATH_MAX of Linux
MAX_URL = 4096
MAX_CURSOR = 64
MAX_INTERVAL = 30  # seconds: what changes all the time is kept for so long
MAX_LABEL = 255
MAX_TOKEN_NAME = 64
LAST_TIME = 1e12  # Unix seconds: the year 33,000
MAX_WINDOWS = 100

_HASH = r"^(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$(?!\n)"
_URL = r"^(?:https?|udp)://[^\s/?#]+[^\s]*$(?!\n)"
_WEB_URL = r"^https?://[^\s/?#]+[^\s]*$(?!\n)"
_NO_NUL = r"^[^\x00]*$(?!\n)"

MEANINGS: Final = {
    _HASH: "an info hash is 40 hex digits (64 for v2)",
    _URL: "not an http, https or udp URL",
    _WEB_URL: "not an http or https URL",
    _NO_NUL: "a path holds no NUL",
}
"""What a text that does not fit one of these patterns is not; msgspec quotes the pattern."""

Id = Annotated[str, Meta(pattern=_HASH, description="An info hash: 40 hex digits, 64 for v2, of either case")]
Ids = list[Id] | Literal["all"]
Count = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
Label = Annotated[str, Meta(min_length=1, max_length=MAX_LABEL)]
Path = Annotated[str, Meta(min_length=1, max_length=MAX_PATH, pattern=_NO_NUL)]
Url = Annotated[str, Meta(max_length=MAX_URL, pattern=_URL, description="An http, https or udp URL")]
WindowText = Annotated[str, Meta(max_length=100, description="Local time, such as mon-fri 22:00-06:00")]
WebUrl = Annotated[str, Meta(max_length=MAX_URL, pattern=_WEB_URL, description="An http or https URL")]
MagnetLink = Annotated[str, Meta(max_length=MAX_LENGTH, description="magnet:?xt=urn:btih:...")]
Network = Annotated[str, Meta(max_length=64, description="192.0.2.1, 192.0.2.0/24, 2001:db8::1 or 2001:db8::/32")]
Networks = Annotated[list[Network], Meta(min_length=1, max_length=1000)]
PeerAddress = Annotated[str, Meta(description="192.0.2.1:6881 or [2001:db8::1]:6881")]

COLUMNS: Final[tuple[str, ...]] = TorrentRow.__struct_fields__
NESTED: Final = frozenset({"error", "peers", "labels", "tracker", "limits"})
"""columns that have no order"""
SORTABLE: Final = tuple(column for column in COLUMNS if column not in NESTED)
SORTS: Final = SORTABLE + tuple(f"-{column}" for column in SORTABLE)

if TYPE_CHECKING:
    Column = str
    Sort = str
else:  # the type checker cannot follow a Literal made from a tuple; msgspec can
    Column = Literal[COLUMNS]
    Sort = Literal[SORTS]


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The base of all parameters: what is not declared is refused."""


class Nothing(Params, frozen=True):
    pass


class FileSelection(Params, frozen=True):
    """A priority for one file, or for all files whose path fits a glob."""

    priority: FilePriority
    index: Count | None = None
    glob: Path | None = None

    def __post_init__(self) -> None:
        if (self.index is None) == (self.glob is None):
            raise ValueError("give either index or glob")


class TorrentLimits(Params, frozen=True):
    """A number, "unlimited", or null (inherit)."""

    down: Count | Literal["unlimited"] | None = None
    up: Count | Literal["unlimited"] | None = None
    peers: Count | Literal["unlimited"] | None = None
    ratio: Annotated[float, Meta(ge=0)] | Literal["unlimited"] | None = None
    seed_time: Count | Literal["unlimited"] | None = None
    idle_time: Count | Literal["unlimited"] | None = None


class ChangedLimits(Params, frozen=True):
    """A number, "unlimited", or null (inherit). What is left out stays as it is."""

    down: Count | Literal["unlimited"] | UnsetType | None = UNSET
    up: Count | Literal["unlimited"] | UnsetType | None = UNSET
    peers: Count | Literal["unlimited"] | UnsetType | None = UNSET
    ratio: Annotated[float, Meta(ge=0)] | Literal["unlimited"] | UnsetType | None = UNSET
    seed_time: Count | Literal["unlimited"] | UnsetType | None = UNSET
    idle_time: Count | Literal["unlimited"] | UnsetType | None = UNSET


class Source(Params, frozen=True):
    """Where a torrent comes from: exactly one of the three."""

    metainfo: bytes | None = None
    magnet: MagnetLink | None = None
    url: WebUrl | None = None

    def __post_init__(self) -> None:
        """ValueErrors in msgspec's words, which `convert` takes apart."""
        given = [name for name in ("metainfo", "magnet", "url") if getattr(self, name) is not None]
        if not given:
            raise ValueError("Object missing required field `metainfo`")
        if len(given) > 1:
            raise ValueError(f"give one of metainfo, magnet and url - at `$.{given[1]}`")


class Add(Source, frozen=True):
    fields: list[Column] | None = None
    download_dir: Path | None = None
    labels: list[Label] = []
    paused: bool = False
    files: list[FileSelection] = []
    sequential: bool = False
    priority: TorrentPriority = "normal"
    stop_after: Literal["metadata", "download"] | None = None
    verify: Literal["auto", "full", "skip"] = "auto"
    trackers: list[Url] | None = None
    peers: list[PeerAddress] = []
    limits: TorrentLimits = TorrentLimits()
    if_exists: Literal["return", "error", "merge"] = "return"


class Inspect(Source, frozen=True):
    """Of magnet links: whom to ask for the metadata. `timeout`: seconds that it may take to come."""

    trackers: list[Url] | None = None
    peers: list[PeerAddress] = []
    timeout: Annotated[float, Meta(ge=0, le=MAX_WAIT)] = 60


class Filter(Params, frozen=True):
    """Every condition that is given must hold; a list holds if one of its members fits."""

    ids: Ids | None = None
    state: State | list[State] | None = None
    labels: list[str] | None = None
    text: str | None = None
    tracker: str | None = None
    has_error: bool | None = None
    active: bool | None = None


class List(Params, frozen=True):
    filter: Filter | None = None
    fields: list[Column] | None = None
    sort: Sort | None = None
    offset: Count = 0
    limit: Count = 1000
    since: Count | None = None


class Get(Params, frozen=True):
    id: Id
    fields: list[Column] | None = None


class One(Params, frozen=True):
    id: Id


class Page(Params, frozen=True):
    id: Id
    offset: Count = 0
    limit: Count | None = None


class Many(Params, frozen=True):
    ids: Ids


class Resume(Params, frozen=True):
    ids: Ids
    force: bool = False


class Remove(Params, frozen=True):
    ids: Ids
    delete_data: bool = False


class Set(Params, frozen=True):
    """What is left out stays as it is."""

    ids: Ids
    labels: list[Label] | UnsetType = UNSET
    limits: ChangedLimits = ChangedLimits()
    sequential: bool | UnsetType = UNSET
    priority: TorrentPriority | UnsetType = UNSET


class Move(Params, frozen=True):
    """`path`: a directory. "point": the files are there already; they are looked at."""

    ids: Ids
    path: Path
    mode: Literal["move", "point"] = "move"


class Queue(Params, frozen=True):
    """`to`: "top", "up", "down", "bottom", or a position, counted from 0."""

    ids: Ids
    to: Literal["top", "up", "down", "bottom"] | Count


class Rename(Params, frozen=True):
    """`path`: of a file or folder, as `torrent.files` shows it; `name`: its new last component."""

    id: Id
    path: Path
    name: Path


class SetFiles(Params, frozen=True):
    id: Id
    files: list[FileSelection]


class SetTrackers(Params, frozen=True):
    """All of them anew, or what is to come and to go."""

    id: Id
    tiers: list[list[Url]] | UnsetType = UNSET
    add: list[Url] = []
    remove: list[Annotated[str, Meta(max_length=MAX_URL)]] = []

    def __post_init__(self) -> None:
        if (self.tiers is UNSET) == (not self.add and not self.remove):
            raise ValueError("give either tiers, or add and remove")


class NamedPeers(Params, frozen=True):
    id: Id
    peers: list[PeerAddress]


class AddBans(Params, frozen=True):
    """`seconds`: how long; null: until it is removed."""

    networks: Networks
    reason: Annotated[str, Meta(min_length=1, max_length=MAX_LABEL)] | None = None
    seconds: Annotated[int, Meta(ge=1, le=MAX_INTEGER)] | None = None


class RemoveBans(Params, frozen=True):
    """As `ban.list` spells them."""

    networks: Networks


class Wait(Params, frozen=True):
    ids: Ids
    until: Literal["metadata", "download", "paused"] = "download"
    timeout: Annotated[float, Meta(ge=0, le=MAX_WAIT)] = 60


class Poll(Params, frozen=True):
    """`since`: a cursor of an earlier answer; without it, from now on."""

    since: Annotated[str, Meta(max_length=MAX_CURSOR)] | None = None
    topics: list[Topic] | None = None
    timeout: Annotated[float, Meta(ge=0, le=MAX_WAIT)] = 25


class SetLogLevel(Params, frozen=True):
    """`namespace`: a module of torrentd, such as "swarm" or "torrentd.net.trackers"; without it, all of them."""

    level: Literal["debug", "info", "warn", "error", "critical"]
    namespace: Annotated[str, Meta(min_length=1, max_length=200)] = "torrentd"


class JobId(Params, frozen=True):
    job: Count


class Listen(Params, frozen=True):
    """Which events: of these topics (all, if none is named), of these torrents, after this cursor."""

    topics: Annotated[list[Topic], Meta(min_length=1)] | None = None
    ids: list[Id] | None = None
    since: Annotated[str, Meta(max_length=MAX_CURSOR)] | None = None


class Subscribe(Params, frozen=True):
    """What changes all the time is told every `interval` seconds."""

    topics: Annotated[list[Topic], Meta(min_length=1)]
    ids: list[Id] | None = None
    interval: Annotated[float, Meta(ge=1, le=MAX_INTERVAL)] = 1.0


class Unsubscribe(Params, frozen=True):
    subscription: Annotated[str, Meta(max_length=MAX_CURSOR)]


class ConfigGet(Params, frozen=True):
    keys: list[str] | None = None


class ConfigSet(Params, frozen=True):
    """Dotted key -> value as the file would write it; null takes back what was set."""

    values: dict[str, Any]


class ChangedAlternative(Params, frozen=True):
    """What is left out stays as it is; null takes back what was set."""

    down: Count | Literal["unlimited"] | UnsetType | None = UNSET
    up: Count | Literal["unlimited"] | UnsetType | None = UNSET
    enabled: bool | UnsetType | None = UNSET
    schedule: Annotated[list[WindowText], Meta(max_length=MAX_WINDOWS)] | UnsetType | None = UNSET


class SetLimits(Params, frozen=True):
    """What is left out stays as it is; null takes back what was set, and the configuration file counts again."""

    down: Count | Literal["unlimited"] | UnsetType | None = UNSET
    up: Count | Literal["unlimited"] | UnsetType | None = UNSET
    alternative: ChangedAlternative | UnsetType = UNSET


class CreateToken(Params, frozen=True):
    """`expires`: Unix seconds; null: never."""

    name: Annotated[str, Meta(min_length=1, max_length=MAX_TOKEN_NAME)]
    scopes: Annotated[list[Grantable], Meta(min_length=1)]
    expires: Annotated[float, Meta(ge=0, le=LAST_TIME)] | None = None


class RevokeToken(Params, frozen=True):
    name: str
