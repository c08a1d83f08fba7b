"""`torrent.*`: one noun, its methods by what they do."""

from __future__ import annotations

from torrentd.rpc.core.methods.acting import Acting
from torrentd.rpc.core.methods.adding import Adding
from torrentd.rpc.core.methods.reading import Reading


class TorrentMethods(Reading, Acting, Adding):
    pass
