"""Every key of the configuration file with its default. `config.example.toml` says the same to users.

Bytes, bytes per second and counts are integers here, whatever the file wrote. What `load` returns has its paths
resolved: absolute, nothing empty.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from torrentd.config import forms
from torrentd.model.address import Address

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

Connections = Annotated[int, Meta(ge=1, le=65_535)]  # more than one address has ports
Slots = Annotated[int, Meta(ge=1, le=1_000)]
Threads = Annotated[int, Meta(ge=0, le=64)]
Seconds = Annotated[int, Meta(ge=0, le=10**9)]
Rate = Annotated[int, forms.size()]


class Paths(msgspec.Struct, frozen=True, kw_only=True):
    state_dir: str = ""
    """database, token, lock; empty: see config.places"""
    download_dir: str = "~/Downloads"
    """where torrents go unless told otherwise"""
    allowed_roots: tuple[str, ...] = ()
    """other directories that the RPC may name"""


class Network(msgspec.Struct, frozen=True, kw_only=True):
    listen: Annotated[tuple[Address, ...], forms.ADDRESSES] = (Address("0.0.0.0", 51413), Address("::", 51413))
    """TCP and UDP; port 0: any free port"""
    bind_address: Annotated[str, forms.SOURCE] = ""
    """source address or interface of outgoing connections; empty: the system's choice"""
    local_trackers: Literal["announce", "allow", "deny"] = "announce"
    """trackers on loopback and private addresses: only paths that start with /announce, any, none"""


class Peers(msgspec.Struct, frozen=True, kw_only=True):
    max_connections: Connections = 200
    max_connections_per_torrent: Connections = 50
    max_connections_per_address: Connections = 8
    max_half_open: Connections = 100
    upload_slots: Slots = 8
    """per torrent"""
    encryption: Literal["off", "prefer", "require"] = "prefer"


class Discovery(msgspec.Struct, frozen=True, kw_only=True):
    dht: bool = True
    pex: bool = True
    lsd: bool = True
    dht_bootstrap: Annotated[tuple[str, ...], forms.HOSTS_AND_PORTS] = (
        "dht.libtorrent.org:25401",
        "router.bittorrent.com:6881",
        "dht.transmissionbt.com:6881",
    )
    dht_read_only: bool = False
    """BEP 43: ask, but answer nothing"""


class Blocklist(msgspec.Struct, frozen=True, kw_only=True):
    source: Annotated[str, forms.SOURCE_OF_LIST] = ""
    """path or URL; empty: none"""
    refresh: Annotated[int, forms.REFRESH] = 86_400
    """seconds; 0: never"""


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    dir: str = ""
    """empty: none"""
    after: Literal["rename", "delete"] = "rename"
    paused: bool = False


class Hooks(msgspec.Struct, frozen=True, kw_only=True):
    """Program and arguments; empty: nothing is run."""

    on_added: Annotated[tuple[str, ...], forms.ARGV] = ()
    on_metadata: Annotated[tuple[str, ...], forms.ARGV] = ()
    on_completed: Annotated[tuple[str, ...], forms.ARGV] = ()
    on_moved: Annotated[tuple[str, ...], forms.ARGV] = ()
    on_removed: Annotated[tuple[str, ...], forms.ARGV] = ()
    on_error: Annotated[tuple[str, ...], forms.ARGV] = ()
    time_limit: Annotated[int, Meta(ge=1, le=86_400)] = 60
    """seconds"""


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    map: bool = True
    """have the router send the peer ports to us"""
    methods: tuple[Literal["pcp", "nat-pmp", "upnp"], ...] = ("pcp", "nat-pmp", "upnp")
    """the first that works is kept"""
    gateway: Annotated[str, forms.GATEWAY] = ""
    """ADDRESS:PORT of the router; empty: that of the default route"""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes per second of all torrents together; 0 is unlimited."""

    download: Rate = 0
    upload: Rate = 0
    local_unlimited: bool = False
    """peers of the local network are not limited, nor counted"""
    alternative_download: Rate = 0
    alternative_upload: Rate = 0
    """in force instead of the others while the schedule, or the user, says so"""
    alternative_schedule: Annotated[tuple[str, ...], forms.WINDOWS] = ()


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """How many torrents may do so at once; 0 is any number."""

    downloads: Annotated[int, Meta(ge=0, le=100_000)] = 0
    seeds: Annotated[int, Meta(ge=0, le=100_000)] = 0
    stalled_after: Annotated[int, Meta(ge=1, le=10**9)] = 60
    """seconds in which nothing moved: then a torrent goes on, and is not counted"""


class Seeding(msgspec.Struct, frozen=True, kw_only=True):
    """When a torrent was seeded enough; 0 is never. A torrent's own limits beat these."""

    ratio: Annotated[float, Meta(ge=0, le=1e6)] = 0.0
    """uploaded to downloaded bytes; to the torrent's size if nothing was downloaded"""
    seed_time: Seconds = 0
    idle_time: Seconds = 0
    """without anything sent or received"""
    action: Literal["pause", "remove", "keep"] = "pause"
    """"remove" leaves the files; "keep" goes on"""


class Storage(msgspec.Struct, frozen=True, kw_only=True):
    allocation: Literal["sparse", "full"] = "sparse"
    min_free: Annotated[int, forms.size()] = 256 * MIB
    """stop writing when a disk has less than this"""
    disk_queue: Annotated[int, forms.size(MIB, 16 * GIB)] = 32 * MIB
    """bytes waiting to be written before peers are held back"""
    hash_threads: Threads = 0
    """0: as many as there are cores"""


class Rpc(msgspec.Struct, frozen=True, kw_only=True):
    unix: Annotated[str | None, forms.SOCKET_PATH] = ""
    """socket path; empty: `rpc.sock` in the runtime directory; None ("off"): no socket"""
    unix_group: str = ""
    """a group whose members may connect; empty: only ourselves and root"""
    tcp: Annotated[Address | None, forms.ADDRESS_OR_OFF] = Address("127.0.0.1", 9091)
    tls_certificate: str = ""
    tls_key: str = ""
    server_names: Annotated[tuple[str, ...], forms.HOST_NAMES] = ()
    """further Host names accepted on TCP"""
    trusted_proxies: Annotated[tuple[str, ...], forms.NETWORKS] = ()
    """addresses or networks"""


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """Of `/metrics`, where Prometheus looks."""

    enabled: bool = True
    per_torrent: bool = False
    """some series of each torrent as well"""


class Web(msgspec.Struct, frozen=True, kw_only=True):
    folder: str = ""
    """files of a web client for Transmission, served under /transmission/web/; empty: none"""


class Log(msgspec.Struct, frozen=True, kw_only=True):
    level: Literal["debug", "info", "warn", "error", "critical"] = "info"
    format: Literal["text", "json"] = "text"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All sections."""

    paths: Paths = Paths()
    network: Network = Network()
    peers: Peers = Peers()
    discovery: Discovery = Discovery()
    blocklist: Blocklist = Blocklist()
    watch: Watch = Watch()
    hooks: Hooks = Hooks()
    ports: Ports = Ports()
    limits: Limits = Limits()
    queue: Queue = Queue()
    seeding: Seeding = Seeding()
    storage: Storage = Storage()
    rpc: Rpc = Rpc()
    metrics: Metrics = Metrics()
    web: Web = Web()
    log: Log = Log()


SECTIONS: dict[str, type[msgspec.Struct]] = {
    "paths": Paths,
    "network": Network,
    "peers": Peers,
    "discovery": Discovery,
    "blocklist": Blocklist,
    "watch": Watch,
    "hooks": Hooks,
    "ports": Ports,
    "limits": Limits,
    "queue": Queue,
    "seeding": Seeding,
    "storage": Storage,
    "rpc": Rpc,
    "metrics": Metrics,
    "web": Web,
    "log": Log,
}
