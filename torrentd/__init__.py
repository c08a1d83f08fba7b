"""torrentd: a BitTorrent daemon in pure Python on Twisted.

*Bytes become messages (`wire`), messages become decisions (`policy`, `swarm`, `dht`), decisions become I/O
(`net`, `disk`, `state`), and a session object per torrent joins them (`session`).*

- `model`    the nouns everyone shares
- `wire`     bytes <-> values: bencode, metainfo, the peer wire, trackers
- `policy`   decisions that fit in one file each: picking, choking, peers, rates, tiers, recovery
- `swarm`    one torrent without I/O: events in, commands out; `fleet` decides across torrents
- `dht`      the DHT without I/O: routing table, lookups, stored peers
- `net`      Twisted adapters: transports, connector, trackers, datagrams
- `disk`     content files: layout, hashing, storage, verification
- `state`    the SQLite database: what must survive
- `config`   TOML to typed, frozen settings
- `session`  owns the torrents; joins the pure half with I/O
- `rpc`      JSON-RPC 2.0: core, transports, client
- `cli`      torrentctl
- `service`  one run of the daemon as a process: order of start and stop, signals, reload
- `plugin`   what twistd asks of us: the options of `twistd torrentd`
- `composition`  where everything is made that touches the world
- `simulate` whole swarms of this very code in one simulated world
"""

__version__ = "0.1.0"
