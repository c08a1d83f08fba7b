"""Each form of value, good and bad."""

from __future__ import annotations

from typing import Any

import pytest

from torrentd.config import forms
from torrentd.model.address import Address


@pytest.mark.parametrize(
    ("form", "written", "setting"),
    [
        (forms.size(), "64 MiB", 64 * 2**20),
        (forms.size(), 5, 5),
        (forms.size(10, 20), 20, 20),
        (forms.ADDRESSES, ["0.0.0.0:0", "[::0]:51413"], (Address("0.0.0.0", 0), Address("::", 51413))),
        (forms.ADDRESSES, ["127.0.0.1:0", "127.0.0.1:0"], (Address("127.0.0.1", 0), Address("127.0.0.1", 0))),
        (forms.ADDRESS_OR_OFF, "off", None),
        (forms.ADDRESS_OR_OFF, "[::1]:80", Address("::1", 80)),
        (forms.SOURCE, "", ""),
        (forms.SOURCE, "10.0.0.1", "10.0.0.1"),
        (forms.SOURCE, "2001:DB8:0::1", "2001:db8::1"),
        (forms.SOURCE, "wg0", "wg0"),
        (forms.SOURCE, "eth0.100", "eth0.100"),
        (forms.GATEWAY, "", ""),
        (forms.GATEWAY, "192.168.1.1", "192.168.1.1:5351"),
        (forms.GATEWAY, "192.168.1.1:5000", "192.168.1.1:5000"),
        (forms.GATEWAY, "FE80::1%eth0", "[fe80::1%eth0]:5351"),
        (forms.GATEWAY, "[fe80::1]:5000", "[fe80::1]:5000"),
        (forms.HOSTS_AND_PORTS, ["a.example:1", "1.2.3.4:65535", "[::1]:6881"], None),
        (forms.HOSTS_AND_PORTS, [], ()),
        (forms.HOST_NAMES, ["Seedbox.Example.org"], ("seedbox.example.org",)),
        (forms.NETWORKS, ["10.0.0.0/8", "::1"], ("10.0.0.0/8", "::1/128")),
        (forms.SOCKET_PATH, "off", None),
        (forms.SOCKET_PATH, "/run/x", "/run/x"),
    ],
)
def test_good_values(form: forms.Form, written: Any, setting: Any) -> None:
    assert form.read(written) == (tuple(written) if setting is None and isinstance(written, list) else setting)


@pytest.mark.parametrize(
    ("form", "written"),
    [
        (forms.size(), -1),
        (forms.size(), "fast"),
        (forms.size(10), 9),
        (forms.size(10), "9"),
        (forms.size(0, 20), 21),
        (forms.size(), 2**63),
        (forms.ADDRESSES, []),
        (forms.ADDRESSES, ["1.2.3.4:5", "1.2.3.4:5"]),
        (forms.ADDRESSES, ["1.2.3.4"]),
        (forms.ADDRESSES, ["localhost:1"]),
        (forms.ADDRESSES, ["1.2.3.4:65536"]),
        (forms.ADDRESS_OR_OFF, ""),
        (forms.ADDRESS_OR_OFF, "::1:80"),
        (forms.SOURCE, "not an interface"),
        (forms.SOURCE, "a/b"),
        (forms.SOURCE, ".."),
        (forms.SOURCE, "500.1.1.1"),
        (forms.SOURCE, "10.0.0"),
        (forms.SOURCE, "sixteen-letters-"),
        (forms.GATEWAY, "router"),
        (forms.GATEWAY, "10.0.0.1:0"),
        (forms.GATEWAY, "10.0.0.1:99999"),
        (forms.GATEWAY, "::1:x"),
        (forms.HOSTS_AND_PORTS, ["a.example"]),
        (forms.HOSTS_AND_PORTS, ["a.example:0"]),
        (forms.HOSTS_AND_PORTS, ["a.example:99999999999"]),
        (forms.HOSTS_AND_PORTS, ["a b:1"]),
        (forms.HOSTS_AND_PORTS, ["::1:1"]),
        (forms.HOSTS_AND_PORTS, [":1"]),
        (forms.HOST_NAMES, ["http://a"]),
        (forms.HOST_NAMES, ["a:80"]),
        (forms.HOST_NAMES, [""]),
        (forms.HOST_NAMES, ["a" * 300]),
        (forms.NETWORKS, ["10.0.0.1/8"]),
        (forms.NETWORKS, ["proxy"]),
    ],
)
def test_bad_values(form: forms.Form, written: Any) -> None:
    with pytest.raises(ValueError):
        form.read(written)


def test_settings_are_shown_as_the_file_writes_them() -> None:
    assert forms.plain((Address("::", 1), Address("1.2.3.4", 2))) == ["[::]:1", "1.2.3.4:2"]
    assert forms.plain(None) == "off"
    assert forms.plain(()) == []
    assert [forms.plain(value) for value in ("x", 5, True)] == ["x", 5, True]
