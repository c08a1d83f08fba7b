"""What users do while a swarm is at work: restart, pause, choose, set clocks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.scenarios.casts import KIB, MIB, RATE, fluid_limit, gather, wasted
from torrentd.model.bitfield import Bitfield
from torrentd.model.layout import Priority
from torrentd.session.control import FileChoice
from torrentd.simulate.hostile.scripts import Selfish, Stalling
from torrentd.simulate.hostile.stranger import Script
from torrentd.simulate.internet.links import Link
from torrentd.simulate.node import DOWNLOADS
from torrentd.simulate.swarm import Swarm

NEW = f"{DOWNLOADS}/elsewhere"


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_half_of_the_swarm_restarts_and_goes_on_where_it_was(swarm: Swarm, how: str) -> None:
    cast = gather(swarm, [Link(up=RATE)] * 8)
    swarm.run(4)
    half = cast.leeches[::2]
    for node in half:
        if how == "stop":
            node.stop()
        else:
            node.crash()
    swarm.run(6)
    before = [node.content(cast.torrent).good.count for node in half]
    assert min(before) > 10
    for node in half:
        node.start()
    swarm.run(2)
    for node, count in zip(half, before, strict=True):
        assert node.control.row(cast.torrent.id).done >= 0.8 * count * cast.torrent.geometry.piece_size
    assert cast.finish(limit=100) < fluid_limit(cast) + 6 + 3  # the time they were away, and to find each other


def test_the_seed_restarts_and_the_swarm_finds_it_again(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE)] * 3)
    swarm.run(2)
    cast.seed.crash()
    swarm.run(1)
    cast.seed.start()
    cast.finish(limit=120)


def test_a_pause_stops_all_and_a_resume_continues(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE)] * 4)
    swarm.run(3)
    sleeper = cast.leeches[0]
    swarm.wait(sleeper.control.pause(cast.torrent.id))
    swarm.run(2)
    before = sleeper.control.row(cast.torrent.id)
    swarm.run(10)
    after = sleeper.control.row(cast.torrent.id)
    assert (before.downloaded, before.uploaded) == (after.downloaded, after.uploaded)
    assert after.peers.connected == 0
    swarm.wait(sleeper.control.resume(cast.torrent.id, force=False))
    swarm.run_until(lambda: sleeper.has_all(cast.torrent), limit=4)  # from five seeds, and it had a quarter before


@pytest.mark.parametrize("after", [0.0005, 0.001, 0.0012, 0.0014, 0.0016, 0.0018, 0.002, 0.05])
def test_who_moves_the_files_meanwhile_goes_on_at_one_place(swarm: Swarm, after: float) -> None:
    """One of them is killed so many seconds after it began."""
    cast = gather(swarm, [Link(up=RATE)] * 3)
    swarm.run(3)
    mover, crasher = cast.leeches[:2]
    before = {node: node.control.row(cast.torrent.id).done for node in (mover, crasher)}
    for node in before:
        swarm.wait(node.control.move(cast.torrent.id, NEW, "move"))
    swarm.run(after)
    crasher.crash()
    swarm.run_until(lambda: mover.control.job(1).state == "done", limit=2)
    crasher.start()
    swarm.run(2)
    for node in before:
        row, layout = node.control.row(cast.torrent.id), cast.torrent.metainfo.layout
        found = {place: node.machine.platter.known(place, layout) for place in (DOWNLOADS, NEW)}
        assert [place for place, content in found.items() if content and content.stats] == [row.download_dir]
        assert row.done >= before[node] * 0.8
    assert mover.control.row(cast.torrent.id).download_dir == NEW
    swarm.run_until(
        lambda: all(node.control.row(cast.torrent.id).state == "seeding" for node in cast.leeches), limit=99
    )


@pytest.mark.parametrize("after", [0.0003, 0.0005, 0.0008, 0.0012, 0.05])
def test_who_renames_the_files_meanwhile_goes_on_under_one_name(swarm: Swarm, after: float) -> None:
    """One of them is killed so many seconds after it began."""
    cast = gather(swarm, [Link(up=RATE)] * 3)
    swarm.run(3)
    renamer, crasher = cast.leeches[:2]
    before = {node: node.control.row(cast.torrent.id).done for node in (renamer, crasher)}
    old = cast.torrent.metainfo.name
    for node in before:
        node.control.rename(cast.torrent.id, old, "other")
    swarm.run(after)
    crasher.crash()
    swarm.run_until(lambda: renamer.control.row(cast.torrent.id).state != "moving", limit=2)
    crasher.start()
    swarm.run(2)
    for node in before:
        row, layout = node.control.row(cast.torrent.id), cast.torrent.metainfo.layout
        new = replace(
            layout, files=(layout.files[0]._replace(path=("other", *layout.files[0].path[1:])), *layout.files[1:])
        )
        found = {name: node.machine.platter.known(DOWNLOADS, there) for name, there in ((old, layout), ("other", new))}
        assert [name for name, content in found.items() if content and content.stats] == [row.name]
        assert row.done >= before[node] * 0.8
    assert renamer.control.row(cast.torrent.id).name == "other"
    swarm.run_until(
        lambda: all(node.control.row(cast.torrent.id).state == "seeding" for node in cast.leeches), limit=99
    )


def test_everybody_pauses_and_resumes(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE)] * 4)
    for _ in range(5):
        swarm.run(1)
        for node in cast.everybody:
            node.control.pause(cast.torrent.id)
        swarm.run(1)
        for node in cast.everybody:
            node.control.resume(cast.torrent.id, force=False)
    cast.finish(limit=200)


def with_steps(seed: int, steps: list[float]) -> str:
    """The digest of a small swarm whose leeches' wall clocks are set in the middle."""
    swarm = Swarm(seed)
    cast = gather(swarm, [Link(up=RATE)] * 4, size=4 * MIB)
    swarm.run(2)
    for node, step in zip(cast.leeches, steps, strict=False):
        node.step_clock(step)
    cast.finish(limit=60)
    swarm.stop()
    return swarm.digest()


def test_setting_the_clock_changes_nothing_that_happens(seed: int) -> None:
    hour, years = 3600.0, 10 * 365 * 86400.0
    assert with_steps(seed, [hour, -hour, years, -years]) == with_steps(seed, [])


def test_sequential_comes_in_order(swarm: Swarm) -> None:
    torrent = swarm.torrent(8 * MIB, 64 * KIB)
    cast = gather(swarm, [Link(up=RATE)] * 2, torrent=torrent)
    viewer = swarm.node("viewer", Link(up=RATE))
    viewer.add(torrent, sequential=True)
    order: list[int] = []
    viewer.wrote = lambda node, content, piece: order.append(piece)
    cast.finish(limit=60, who=[viewer])
    early = [piece - place for place, piece in enumerate(order)]
    assert sorted(map(abs, early))[len(order) * 9 // 10] < 24


@pytest.mark.parametrize("script", [Selfish(), Stalling()])
def test_sequential_goes_on_with_what_is_later_when_nobody_sends_what_is_next(swarm: Swarm, script: Script) -> None:
    """A stranger has everything and gives nothing; another leech has piece 0 and the second half."""
    torrent = swarm.torrent(8 * MIB, 64 * KIB)
    swarm.stranger("stranger", torrent, script)
    half = swarm.node("half", Link(up=RATE))
    half.add(torrent, Bitfield(128, [0, *range(64, 128)]), verify="full")
    swarm.run(1)
    viewer = swarm.node("viewer", Link(up=RATE))
    viewer.add(torrent, sequential=True)
    swarm.run_until(lambda: viewer.content(torrent).good.count == 65, limit=15)


def test_priorities_are_kept(swarm: Swarm) -> None:
    sizes = [2 * MIB] * 4
    torrent = swarm.torrent(8 * MIB, 64 * KIB, files=sizes)
    cast = gather(swarm, [], torrent=torrent)
    picky = swarm.node("picky", Link(up=RATE))
    choices = [Priority.SKIP, Priority.LOW, Priority.NORMAL, Priority.HIGH]
    picky.add(torrent, files=tuple(FileChoice(choice, index) for index, choice in enumerate(choices)))
    order: list[int] = []
    picky.wrote = lambda node, content, piece: order.append(piece // 32)
    swarm.run_until(lambda: len(order) == 96, limit=30)
    assert order == sorted(order, reverse=True)
    assert picky.control.row(torrent.id).progress == 1.0
    swarm.wait(picky.control.set_files(torrent.id, [FileChoice(Priority.NORMAL, 0)]))
    cast.finish(limit=90, who=[picky])  # it left the seed, and does not come back within a minute


def test_a_removed_torrent_is_gone_and_nobody_else_minds(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE)] * 4)
    swarm.run(2)
    gone = cast.leeches.pop()
    swarm.wait(gone.control.remove(cast.torrent.id, delete_data=True))
    assert not gone.content(cast.torrent).good.count
    cast.finish(limit=60)
    assert wasted(cast.leeches, cast.torrent) < 0.02


def test_a_recheck_in_mid_download_loses_nothing(swarm: Swarm) -> None:
    cast = gather(swarm, [Link(up=RATE)] * 3)
    swarm.run(3)
    swarm.wait(cast.leeches[0].control.verify(cast.torrent.id))
    cast.finish(limit=100)


def test_limits_hold_for_the_whole_daemon(swarm: Swarm) -> None:
    torrents = [swarm.torrent(8 * MIB, 64 * KIB) for _ in range(2)]
    giver = swarm.node("giver", limits={"upload": 200_000})
    for torrent in torrents:
        giver.seed(torrent)
    swarm.run(0.5)
    takers = [swarm.node(f"taker{number}") for number in range(4)]
    for number, taker in enumerate(takers):
        taker.add(torrents[number % 2])
    swarm.run(20)
    sent = sum(giver.control.row(torrent.id).uploaded for torrent in torrents)
    assert 0.9 * 20 * 200_000 < sent < 1.1 * 20 * 200_000
    first, second = (giver.control.row(torrent.id).uploaded for torrent in torrents)
    assert 0.8 < first / second < 1.25
