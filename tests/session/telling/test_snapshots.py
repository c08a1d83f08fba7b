"""Rows for the API."""

import pytest

from tests.session.world import PIECE, Sample, result
from torrentd.model.layout import Priority
from torrentd.session.control import FileChoice
from torrentd.session.telling.urls import safe_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://t.example/announce", "http://t.example/announce"),
        ("http://t.example:8080/announce?passkey=0123456789abcdef", "http://t.example:8080/announce?..."),
        ("https://t.example/0123456789abcdef0123456789abcdef/announce", "https://t.example/.../announce"),
        ("http://user:secret@t.example/announce", "http://t.example/announce"),
        ("udp://[2001:db8::1]:6969", "udp://[2001:db8::1]:6969"),
        ("http://t.example/announce#0123456789abcdef", "http://t.example/announce"),
        ("http://[bad/announce", "(unreadable)"),
        ("http://t.example/\u202eannounce", "http://t.example/\\u202eannounce"),
    ],
)
def test_urls_are_shown_without_secrets(url, shown):
    assert safe_url(url) == shown


def test_rows_of_a_tracker_show_no_passkey(home):
    torrent = Sample(trackers=["udp://t.example:6969/0123456789abcdef0123456789abcdef/announce"])
    home.add(torrent, paused=True)
    assert "0123456789abcdef" not in str(result(home.steering.trackers(torrent.id))) + str(home.row(torrent))


def test_files_count_bytes_of_verified_pieces(home):
    torrent = Sample()
    home.put(torrent, "a.bin")
    home.add(torrent)
    files = result(home.steering.files(torrent.id))
    assert [(file.done, file.progress) for file in files] == [(5 * PIECE, 1.0), (0, 0.0)]
    pieces = result(home.steering.pieces(torrent.id))
    assert (pieces.count, pieces.have, pieces.availability) == (9, "+AA=", None)


def test_files_that_share_pieces_count_their_own_bytes(home):
    torrent = Sample(
        files={"a": 100, "b": 2 * PIECE, "c": 0, "d": 7, "e": PIECE - 107, "f": 3 * PIECE, "g": 2 * PIECE + 9}
    )
    home.put(torrent, "a", "b", "d", "g")
    have = home.add(torrent).torrent.have
    assert 0 < have.count < torrent.piece_count
    offset = 0
    for file in result(home.steering.files(torrent.id)):
        assert file.done == sum(byte // PIECE in have for byte in range(offset, offset + file.size))
        offset += file.size


def test_nothing_wanted_is_all_there(home):
    torrent = Sample()
    home.add(torrent)
    home.steering.set_files(torrent.id, [FileChoice(Priority.SKIP, glob="*")])
    row = home.row(torrent)
    assert (row.progress, row.left, row.wanted, row.completed_at) == (1.0, 0, 0, None)


def test_a_hybrid_answers_to_both_hashes(home):
    tree = {b"a": {b"": {b"length": 100, b"pieces root": bytes(32)}}}
    torrent = Sample("hybrid", {"a": 100}, **{"file tree": tree, "meta version": 2})
    home.add(torrent)
    row = home.row(torrent)
    assert row.hash_v1 == torrent.id
    assert home.steering.row(row.hash_v2).id == torrent.id


def test_what_stands_still_is_never_done(make_home, world):
    """The rate is an average, and goes on for a while."""
    torrent = Sample(files={"a": 600 * PIECE})
    seed, leech = make_home(6881).start(), make_home(6882, toml=f"[limits]\ndownload = {8 * PIECE}\n").start()
    seed.put(torrent)
    seed.add(torrent)
    leech.add(torrent, peers=[seed.address])
    world.until(lambda: leech.row(torrent).eta, 30)
    result(leech.steering.pause(torrent.id))
    row = leech.row(torrent)
    assert row.state == "paused" and row.rate_down > 0 and row.eta is None
