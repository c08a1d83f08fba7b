"""The wheel, in an environment of its own: everything a user types works from any directory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TWISTD = "from twisted.scripts.twistd import run; run()"


def run(*command: object, cwd: str | Path = "/") -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "TORRENT", "XDG_"))}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling")
    out = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out, cwd=ROOT)
    assert built.returncode == 0, built.stderr
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a fresh environment with the wheel; its dependencies are those of the tests."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False, symlinks=True)
    site = next(home.glob("lib/python*/site-packages"))
    python = home / "bin" / "python"
    pip = run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel)
    assert pip.returncode == 0, pip.stderr
    # the wheel's own twisted/plugins is found first; an editable installation is not, its .pth is not read here
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin"


def test_what_the_wheel_holds(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "torrentd/plugin.py" in names
    assert "torrentd/py.typed" in names
    assert "twisted/plugins/torrentd_plugin.py" in names
    strangers = [name for name in names if not name.startswith(("torrentd/", "torrentd-", "twisted/plugins/torrentd_"))]
    assert strangers == []
    assert not [name for name in names if "dropin.cache" in name or "__pycache__" in name]


def test_the_package_is_the_installed_one(programs: Path) -> None:
    done = run(programs / "python", "-c", "import torrentd; print(torrentd.__file__)")
    assert done.stdout.startswith(str(programs.parent))


def test_python_m_torrentd_finds_its_plugin(programs: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[paths]\nstate_dir = "{tmp_path}"\n')
    done = run(programs / "python", "-m", "torrentd", "--check-config", "--config", config)
    assert (done.returncode, done.stdout) == (0, f"{config}: OK\n"), done.stderr


def test_twistd_lists_torrentd(programs: Path) -> None:
    done = run(programs / "python", "-c", TWISTD, "--help")
    assert "torrentd" in done.stdout, done.stderr
    assert "A BitTorrent daemon." in done.stdout


def test_torrentctl_is_a_program(programs: Path) -> None:
    done = run(programs / "torrentctl", "version")
    assert done.returncode in (0, 5)  # 5: no daemon to ask for its version
    assert "torrentctl" in done.stdout + done.stderr


def test_the_manual_pages_can_be_made(programs: Path, tmp_path: Path) -> None:
    outcome = run(programs / "python", "-m", "torrentd.manual", tmp_path)
    assert outcome.stdout.count("\n") == 3
    assert "dht_bootstrap" in (tmp_path / "man5/torrentd.toml.5").read_text()


def test_a_swarm_can_be_simulated(programs: Path) -> None:
    small = ["--leeches", "2", "--size", "256KiB", "--piece-size", "16KiB", "--json"]
    outcome = run(programs / "python", "-m", "torrentd.simulate", *small)
    assert outcome.returncode == 0, outcome.stderr
    assert len(json.loads(outcome.stdout)["completions"]) == 2
