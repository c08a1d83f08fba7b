from __future__ import annotations

from pathlib import Path

import pytest

from tests.rpc.serve.certificates import make
from torrentd.rpc.serve.listening import ListenError
from torrentd.rpc.serve.tls import certificate_options

pytestmark = pytest.mark.filterwarnings("ignore:Passing pyOpenSSL")  # Twisted passes what pyOpenSSL calls old


def test_a_certificate_and_its_key(tmp_path: Path) -> None:
    assert certificate_options(*make(tmp_path)).getContext()


def test_a_chain(tmp_path: Path) -> None:
    certificate, key = make(tmp_path)
    Path(certificate).write_bytes(Path(certificate).read_bytes() + Path(make(tmp_path, "issuer")[0]).read_bytes())
    assert len(certificate_options(certificate, key).extraCertChain) == 1


def test_the_key_of_another_certificate(tmp_path: Path) -> None:
    with pytest.raises(ListenError, match=r"^rpc\.tls_key: .* does not belong"):
        certificate_options(make(tmp_path)[0], make(tmp_path, "other")[1])


@pytest.mark.parametrize("pem", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate(tmp_path: Path, pem: bytes) -> None:
    certificate, key = make(tmp_path)
    Path(certificate).write_bytes(pem)
    with pytest.raises(ListenError, match=r"^rpc\.tls_certificate: .*server\.crt: "):
        certificate_options(certificate, key)


def test_what_is_no_key(tmp_path: Path) -> None:
    certificate, key = make(tmp_path)
    Path(key).write_bytes(b"nonsense")
    with pytest.raises(ListenError, match=r"^rpc\.tls_key: .*server\.key: "):
        certificate_options(certificate, key)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    certificate, key = make(tmp_path)
    with pytest.raises(ListenError, match=r"^rpc\.tls_certificate: /no/such: no such file"):
        certificate_options("/no/such", key)
    with pytest.raises(ListenError, match=r"^rpc\.tls_key: /no/such: no such file"):
        certificate_options(certificate, "/no/such")
