"""The benchmark of whole swarms: its limits, its arithmetic, its table. No speed is asserted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import plot
from benchmarks.swarms import __main__, picture
from benchmarks.swarms.cases import ALIKE, CROWDS, MIX, MIXED, PIECES, SEED, Case, cases
from benchmarks.swarms.outcome import Outcome, bounds, facts, measure
from benchmarks.swarms.report import HEAD, lines
from torrentd.simulate.crowd import Plan
from torrentd.simulate.internet.links import Link


def outcome(case: Case, **changes: Any) -> Outcome:
    told = {"limit": 10.0, "bounds": [5.0, 8.0, 10.0], "completions": [10.0, 12.0, 15.0], "copies": 1.25, "cpu": 6.0}
    return Outcome(**{"case": case, "events": 7200, "digest": "d", **told, **changes})


def test_the_limit_of_equals_is_one_copy_of_the_seed() -> None:
    case = Case(ALIKE, 10, 256)
    assert case.size == 16 * 1024 * 1024
    assert case.plan.limit == pytest.approx(case.size / 1e6)


def test_the_limit_of_a_mixed_swarm_is_what_all_send() -> None:
    plan = Case(MIXED, 100, 256).plan
    together = (2.0 + 20 * 5.0 + 40 * 1.0 + 40 * 0.125) * 1e6
    assert plan.limit == pytest.approx(plan.size / (together / 100))
    assert all(plan.leeches.count(link) == 20 * MIX.count(link) for link in MIX)


def test_a_leech_is_bound_by_its_own_link_and_by_the_seed() -> None:
    leeches = [Link(up=1e6), Link(up=1e6, down=5e6), Link(up=1e6, down=0.5e6)]
    assert bounds(Plan([SEED], leeches, size=10_000_000)) == [5.0, 5.0, 20.0]
    assert bounds(Plan([Link()], leeches, size=10_000_000)) == [0.0, 2.0, 20.0]


def test_ratios() -> None:
    found = outcome(Case(ALIKE, 3, 100))
    assert (found.last, found.ratio, found.typical) == (15.0, 1.5, 1.5)
    assert found.blocks == 3 * 100 * 4
    assert found.cpu_per_block == 0.005


def test_a_last_block_that_is_short_counts_as_one() -> None:
    assert outcome(Case(ALIKE, 3, 1, piece_size=16385)).blocks == 6


def test_which_swarms_are_measured() -> None:
    every, quick = cases(quick=False), cases(quick=True)
    assert {(case.links, case.leeches) for case in quick} == {(links, n) for links in (ALIKE, MIXED) for n in (10, 50)}
    assert {case.leeches for case in every} == {10, 50, 200, 1000}
    assert [case.pieces for case in every if (case.links, case.leeches) == (ALIKE, 10)] == [CROWDS[10], *PIECES]


def test_a_swarm_is_measured() -> None:
    found = measure(Case(MIXED, 3, 8), seed=1)
    assert found.ratio >= 1.0 and found.copies >= 1.0
    assert all(took >= bound for took, bound in zip(found.completions, found.bounds, strict=True))
    assert found.cpu > 0 and found.events > 0
    assert measure(Case(MIXED, 3, 8), seed=1).digest == found.digest


def test_the_table_and_the_facts_say_what_was_found() -> None:
    found = outcome(Case(MIXED, 1000, 64))
    head, _, row = (list(map(str.strip, line.strip("|").split("|"))) for line in lines([found]))
    assert head == list(HEAD)
    assert row == ["mixed", "1,000", "64", "10.0", "10.0", "15.0", "1.50", "1.50", "1.25", "6.0", "7812", "9.4"]
    assert json.loads(json.dumps(dict(facts(found))))["completions"] == [10.0, 12.0, 15.0]


def test_what_belongs_to_which_panel() -> None:
    every = [outcome(case) for case in cases(quick=False)]
    assert [found.case.leeches for found in picture.crowds(every, MIXED)] == [10, 50, 200, 1000]
    assert sorted(found.case.pieces for found in picture.with_pieces(every)) == sorted([CROWDS[10], *PIECES])


def test_from_the_call_to_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(__main__, "run", lambda chosen, seed: map(outcome, chosen))
    assert __main__.main(["--quick", "--json", str(tmp_path / "a.json")]) == 0
    assert capsys.readouterr().out.count("\n") == 2 + 4
    assert [facts["leeches"] for facts in json.loads((tmp_path / "a.json").read_text())] == [10, 50, 10, 50]


@pytest.mark.skipif(not plot.possible(), reason="needs matplotlib")
def test_a_picture(tmp_path: Path) -> None:
    picture.save([outcome(case) for case in cases(quick=False)], str(tmp_path / "a.png"))
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
