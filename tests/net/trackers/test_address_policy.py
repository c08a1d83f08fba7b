"""Which addresses a tracker URL may lead to."""

from __future__ import annotations

import pytest

from torrentd.model.address import Scope
from torrentd.model.errors import TrackerError
from torrentd.net.trackers.address_policy import SCRAPE_PATH, AddressPolicy, LocalTrackers

GLOBAL, PRIVATE, LOOPBACK, LOOPBACK6 = "8.8.8.8", "192.168.1.1", "127.0.0.1", "::1"


@pytest.mark.parametrize("local", ["announce", "allow", "deny"])
@pytest.mark.parametrize("path", ["/announce", "/admin", None])
def test_a_global_address_is_always_fine(local: LocalTrackers, path: str | None) -> None:
    assert AddressPolicy(local).permitted([GLOBAL], path) == [GLOBAL]


@pytest.mark.parametrize("host", [PRIVATE, LOOPBACK, LOOPBACK6, "169.254.169.254", "::ffff:127.0.0.1", "fe80::1"])
@pytest.mark.parametrize(
    ("local", "path", "fine"),
    [
        ("announce", "/announce", True),
        ("announce", "/announce.php", True),
        ("announce", None, True),
        ("announce", "/", False),
        ("announce", "/admin/announce", False),
        ("announce", "/announce/../admin", False),
        ("announce", "/announce/%2e%2E/admin", False),
        ("allow", "/admin", True),
        ("deny", "/announce", False),
        ("deny", None, False),
    ],
)
def test_local_addresses(host: str, local: LocalTrackers, path: str | None, fine: bool) -> None:
    policy = AddressPolicy(local)
    if fine:
        assert policy.permitted([host], path) == [host]
    else:
        with pytest.raises(TrackerError, match="local"):
            policy.permitted([host], path)


def test_a_scrape_has_its_own_path() -> None:
    policy = AddressPolicy()
    assert policy.permitted([LOOPBACK], "/scrape", begins=SCRAPE_PATH) == [LOOPBACK]
    with pytest.raises(TrackerError):
        policy.permitted([LOOPBACK], "/scrape")


@pytest.mark.parametrize(
    ("sent_from", "host", "fine"),
    [
        (Scope.GLOBAL, LOOPBACK, False),
        (Scope.GLOBAL, PRIVATE, False),
        (Scope.PRIVATE, LOOPBACK, False),
        (Scope.PRIVATE, PRIVATE, True),
        (Scope.LOOPBACK, LOOPBACK, True),
        (Scope.GLOBAL, GLOBAL, True),
    ],
)
def test_no_redirect_inwards(sent_from: Scope, host: str, fine: bool) -> None:
    policy = AddressPolicy()
    if fine:
        assert policy.permitted([host], "/announce", sent_from=sent_from) == [host]
    else:
        with pytest.raises(TrackerError, match="redirects"):
            policy.permitted([host], "/announce", sent_from=sent_from)


def test_what_passes_of_many() -> None:
    assert AddressPolicy("deny").permitted([LOOPBACK, GLOBAL, "0.0.0.0"], "/announce") == [GLOBAL]


@pytest.mark.parametrize("host", ["0.0.0.0", "224.0.0.1", "::", "255.255.255.255"])
def test_what_nobody_can_dial(host: str) -> None:
    with pytest.raises(TrackerError, match="cannot be dialled"):
        AddressPolicy("allow").permitted([host], "/announce")


def test_a_name_without_address() -> None:
    with pytest.raises(TrackerError, match="no address"):
        AddressPolicy().permitted([], "/announce")


@pytest.mark.parametrize(
    ("local", "host", "told"), [("announce", GLOBAL, True), ("announce", LOOPBACK, False), ("allow", LOOPBACK, True)]
)
def test_who_gets_the_path_over_udp(local: LocalTrackers, host: str, told: bool) -> None:
    assert AddressPolicy(local).may_be_told(host) is told
