"""What is known of a torrent whose metadata is being fetched."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence

from torrentd.model.ids import PeerId
from torrentd.swarm.announcing.schedule import Announcing
from torrentd.swarm.fetching.download import Download
from torrentd.swarm.fetching.peer import Peer
from torrentd.swarm.membership import Membership
from torrentd.swarm.settings import Settings, Totals
from torrentd.wire.peer.extensions import UT_PEX
from torrentd.wire.peer.metadata import NAME as UT_METADATA

UNKNOWN_LEFT = 16 * 1024
"""Bytes that trackers are told to be missing: not 0, which would make us a seed. Other clients say the same."""


class FetchingState(Membership[Peer]):
    """Verbs change it; everybody else reads."""

    def __init__(
        self,
        *,
        info_hash: bytes,
        tiers: Sequence[Sequence[str]],
        settings: Settings,
        rng: random.Random,
        secret_rng: random.Random,
        own_ids: Collection[PeerId],
    ) -> None:
        super().__init__(
            info_hash=info_hash,
            settings=settings,
            totals=Totals(),
            rng=rng,
            announcing=Announcing(tiers, rng, secret_rng.getrandbits(32)),
            own_ids=own_ids,
        )
        self.download = Download(info_hash)
        self.private = False
        """as the metadata says, once it is here (BEP 27)"""

    @property
    def finished(self) -> bool:
        return False

    @property
    def offers(self) -> tuple[bytes, ...]:
        return (UT_METADATA, UT_PEX) if self.settings.pex and not self.private else (UT_METADATA,)

    @property
    def left(self) -> int:
        return UNKNOWN_LEFT
