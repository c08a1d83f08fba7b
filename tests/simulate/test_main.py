from __future__ import annotations

import json

import pytest

from torrentd.simulate.__main__ import main

SMALL = ["--leeches", "3", "--size", "1MiB", "--rate", "500kB/s", "--piece-size", "32KiB"]


def test_the_json_has_what_it_promises_and_is_the_same_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    printed = []
    for _ in range(2):
        assert main([*SMALL, "--json", "--seed", "5"]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    result = json.loads(printed[0])
    assert set(result) == {"ratio", "limit", "completions", "copies_sent", "digest"}
    assert result["limit"] == pytest.approx(2.097152)
    assert len(result["completions"]) == 3
    assert max(result["completions"]) / result["limit"] == pytest.approx(result["ratio"], rel=1e-4)


def test_people_get_a_timeline(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--down", "2MB/s", "--seed-rate", "1MB/s", "--latency", "0.1"]) == 0
    out = capsys.readouterr().out
    assert "progress of all leeches" in out
    assert "100.0%  3/3" in out
    assert "last" in out and "digest" in out


def test_another_seed_is_another_run(capsys: pytest.CaptureFixture[str]) -> None:
    digests = []
    for seed in ("1", "2"):
        main([*SMALL, "--json", "--seed", seed])
        digests.append(json.loads(capsys.readouterr().out)["digest"])
    assert digests[0] != digests[1]


@pytest.mark.parametrize(
    "wrong",
    [
        "--leeches=0",
        "--size=huge",
        "--size=0",
        "--rate=-1",
        "--rate=0",
        "--down=0",
        "--seed-rate=0B",
        "--loss=0.9",
        "--piece-size=5000",
        "--nonsense",
    ],
)
def test_what_makes_no_sense_is_said(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([wrong])
    assert caught.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_a_swarm_that_gets_stuck_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--latency", "60"]) == 1
    assert "not done" in capsys.readouterr().err
