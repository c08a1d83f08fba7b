"""An info hash whose metadata is being fetched from peers (BEP 9): events in, commands out, like a torrent.

A torrent without metadata has no pieces, files or sizes, so it is not a torrent with everything optional, but something
smaller: it meets peers, asks trackers, and speaks the extension protocol. When the metadata is here a torrent is made,
which takes over the swarm: the candidates, the connections, and what was said on them so far.
"""
