"""`dht.*`: the distributed hash table."""

from __future__ import annotations

from torrentd.rpc.core.registry import Noun, needs
from torrentd.rpc.core.schema import Nothing
from torrentd.session.telling.rows import DhtStatusRow


class DhtMethods(Noun):
    @needs("read")
    def jsonrpc_status(self, params: Nothing) -> DhtStatusRow:
        """How the DHT is: our nodes, whom they know, what they store, what it costs."""
        return self.control.dht_status()
