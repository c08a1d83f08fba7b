from __future__ import annotations

import os
from pathlib import Path

import pytest

from torrentd.disk.devices import Devices

MOUNTS = """\
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
25 24 0:23 / /dev/shm rw,relatime shared:4 - tmpfs tmpfs rw,size=1k
31 27 0:40 / /mnt/with\\040blank rw,relatime shared:4 master:1 - fuse.sshfs host:/x rw
"""


@pytest.fixture
def devices(tmp_path: Path) -> Devices:
    (tmp_path / "mountinfo").write_text(MOUNTS)
    return Devices(str(tmp_path / "mountinfo"))


def test_a_device_is_tried_without_waiting_until_it_refuses(devices: Devices) -> None:
    assert devices.flags(os.makedev(254, 0)) == os.RWF_NOWAIT


def test_memory_is_read_directly(devices: Devices) -> None:
    device = os.makedev(0, 23)
    assert devices.refused(device) == 0
    assert devices.flags(device) == 0


@pytest.mark.parametrize("device", [os.makedev(254, 0), os.makedev(0, 40), os.makedev(7, 7)])
def test_any_other_one_is_left_to_the_workers(devices: Devices, device: int) -> None:
    assert devices.refused(device) is None
    assert devices.flags(device) is None


def test_without_a_list_of_mounts_the_workers_read(tmp_path: Path) -> None:
    assert Devices(str(tmp_path / "absent")).refused(os.makedev(0, 23)) is None
