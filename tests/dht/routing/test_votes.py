from __future__ import annotations

import pytest

from torrentd.dht.routing.votes import ENOUGH, VOTERS, Votes


def voted(hosts: list[str], v6: bool = False) -> str:
    votes = Votes(v6)
    for number, host in enumerate(hosts):
        votes.vote(f"2a{number:02x}:1::1" if v6 else f"{number + 11}.1.1.1", host)
    return votes.winner


def test_a_majority_is_believed():
    assert voted(["8.8.8.8"] * ENOUGH) == "8.8.8.8"
    assert voted(["8.8.8.8"] * ENOUGH + ["9.9.9.9"] * (ENOUGH - 1)) == "8.8.8.8"
    assert voted(["2001:4860::1"] * ENOUGH, v6=True) == "2001:4860::1"


def test_too_few_or_no_majority():
    assert voted(["8.8.8.8"] * (ENOUGH - 1)) == ""
    assert voted(["8.8.8.8"] * ENOUGH + ["9.9.9.9"] * ENOUGH) == ""


def test_one_network_has_one_voice():
    votes = Votes(False)
    for number in range(100):
        votes.vote(f"5.5.{number}.1", "8.8.8.8")
    assert votes.winner == ""


def test_the_latest_count():
    votes = Votes(False)
    for number in range(VOTERS):
        votes.vote(f"20.{number}.1.1", "8.8.8.8")
    for number in range(VOTERS):
        votes.vote(f"21.{number}.1.1", "9.9.9.9")
    assert votes.winner == "9.9.9.9"


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "2001:4860::1", "nonsense", "0.0.0.0", "224.0.0.1"])
def test_what_cannot_be_our_address(host):
    assert voted([host] * VOTERS) == ""


def test_local_voters_know_nothing():
    votes = Votes(False)
    for number in range(VOTERS):
        votes.vote(f"10.{number}.1.1", "8.8.8.8")
    assert votes.winner == ""
