"""The list of the daemon: refusals are counted, and it is a ban that comes and goes."""

from __future__ import annotations

from array import array

from torrentd.model.address import Address
from torrentd.model.ranges import Ranges
from torrentd.policy.peers.bans import Bans
from torrentd.policy.peers.blocklist import Blocklist
from torrentd.policy.peers.candidates import Candidates

BAD, GOOD = Address("1.2.3.4", 6881), Address("1.2.3.5", 6881)
ONE = Ranges(array("I", [0x01020304]), array("I", [0x01020304]))


def test_without_ranges_nobody_is_refused() -> None:
    blocklist = Blocklist()
    assert not blocklist.refuses("1.2.3.4")
    assert (blocklist.count, blocklist.refused) == (0, 0)


def test_refusals_are_counted() -> None:
    blocklist = Blocklist(ONE)
    assert [blocklist.refuses(host) for host in ("1.2.3.4", "1.2.3.5", "::ffff:1.2.3.4")] == [True, False, True]
    assert (blocklist.count, blocklist.refused) == (1, 2)


def test_who_is_on_it_is_banned_until_he_is_not() -> None:
    blocklist = Blocklist()
    bans = Bans(blocklist)
    blocklist.replace(ONE)
    assert bans.reason(BAD) == Blocklist.REASON
    assert bans.reason(GOOD) is None
    assert len(bans) == 0
    blocklist.replace(None)
    assert bans.reason(BAD) is None


def test_no_source_brings_him_in() -> None:
    candidates = Candidates(Bans(Blocklist(ONE)))
    for source in ("user", "tracker", "dht", "lsd", "pex"):
        candidates.add([BAD], source, 0.0)
    assert len(candidates) == 0


def test_whom_we_knew_before_is_not_dialled() -> None:
    blocklist = Blocklist()
    candidates = Candidates(Bans(blocklist))
    candidates.add([BAD, GOOD], "tracker", 0.0)
    blocklist.replace(ONE)
    assert [candidates.take(0.0), candidates.take(0.0)] == [GOOD, None]
