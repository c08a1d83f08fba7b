"""How `torrent_set` changes trackers: a whole list as text, or some added, removed and replaced by their number."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from torrentd.rpc.transmission.errors import INVALID_TRACKERS, SET_TRACKERS, TransmissionError
from torrentd.rpc.transmission.params import Params, numbers, text, texts
from torrentd.wire.sources import TRACKER_SCHEMES, clean_url

TRACKERS: Final = ("tracker_list", "tracker_add", "tracker_remove", "tracker_replace")

Tiers = list[list[str]]


def changed(params: Params, now: Sequence[Sequence[str]]) -> Tiers:
    """The tiers that are wanted; numbers count the trackers of the list, if there is one. TransmissionError for a URL
    that is none, and a number that no tracker has."""
    whole = text(params, "tracker_list")
    tiers = [list(tier) for tier in now] if whole is None else parse(whole)
    places = [(tier, index) for tier, urls in enumerate(tiers) for index in range(len(urls))]
    for number, url in _replaced(params):
        tier, index = _place(places, number)
        tiers[tier][index] = url
    gone = {_place(places, number) for number in numbers(params, "tracker_remove") or ()}
    tiers = [[url for index, url in enumerate(urls) if (tier, index) not in gone] for tier, urls in enumerate(tiers)]
    return [tier for tier in tiers if tier] + [[_checked(url)] for url in texts(params, "tracker_add") or ()]


def parse(whole: str) -> Tiers:
    """One URL a line, an empty line between tiers."""
    tiers: Tiers = [[]]
    for line in whole.splitlines():
        if line.strip():
            tiers[-1].append(_checked(line))
        elif tiers[-1]:
            tiers.append([])
    return [tier for tier in tiers if tier]


def _replaced(params: Params) -> list[tuple[int, str]]:
    """`[number, url, number, url]`."""
    given = params.get("tracker_replace")
    flat = given if isinstance(given, list) else []
    pairs = list(pairwise(flat))[::2]
    return [(number, _checked(url)) for number, url in pairs if type(number) is int and isinstance(url, str)]


def _place(places: Sequence[tuple[int, int]], number: int) -> tuple[int, int]:
    if not 0 <= number < len(places):
        raise TransmissionError(SET_TRACKERS, f"There is no tracker {number}")
    return places[number]


def _checked(url: str) -> str:
    found = clean_url(url.encode("utf-8", "replace"), TRACKER_SCHEMES)
    if not found:
        raise TransmissionError(INVALID_TRACKERS, "invalid announce URL")
    return found
