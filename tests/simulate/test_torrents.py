from __future__ import annotations

from random import Random

from torrentd.simulate.torrents import make, usual_piece_size

MIB = 1 << 20


def test_a_torrent_is_a_valid_metainfo() -> None:
    torrent = make(Random(1), 5 * MIB + 3, 256 * 1024, [["http://a/announce"], ["udp://b:1/announce"]])
    assert torrent.size == 5 * MIB + 3
    assert torrent.geometry.piece_count == 21
    assert torrent.metainfo.tiers == [["http://a/announce"], ["udp://b:1/announce"]]
    assert torrent.id == torrent.info_hash.hex()


def test_a_torrent_of_several_files() -> None:
    torrent = make(Random(1), 3 * MIB, 64 * 1024, files=[MIB, 2 * MIB])
    assert [entry.size for entry in torrent.metainfo.layout.files] == [MIB, 2 * MIB]


def test_luck_decides_the_hashes() -> None:
    assert make(Random(1), MIB, 65536).info_hash == make(Random(1), MIB, 65536).info_hash
    assert make(Random(1), MIB, 65536).info_hash != make(Random(2), MIB, 65536).info_hash


def test_usual_piece_sizes() -> None:
    assert usual_piece_size(1) == 16 * 1024
    assert usual_piece_size(64 * MIB) == 32 * 1024
    assert usual_piece_size(1024 * MIB) == 512 * 1024
    assert usual_piece_size(10**13) == 16 * MIB
