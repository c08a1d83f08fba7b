"""The books of a world, when everybody has stopped: what was sent has arrived, and nothing is left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torrentd.simulate.swarm import Swarm


def audit(swarm: Swarm) -> list[str]:
    """What does not add up, in words."""
    problems = [words for node in swarm.nodes for words in node.left_behind()]
    ledger = swarm.internet.ledger
    if ledger.under_way:
        problems.append(f"{ledger.sent} bytes were sent, {ledger.received} received, {ledger.dropped} dropped")
    for node in swarm.nodes:
        waiting = node.daemon.host.disk.buffers.waiting
        if waiting:
            problems.append(f"{waiting} bytes wait for the disk of {node.name}")
    return problems
