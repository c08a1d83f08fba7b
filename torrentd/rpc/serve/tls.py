"""TLS for the TCP socket, from the PEM files that the configuration names."""

from __future__ import annotations

from pathlib import Path

from OpenSSL import SSL, crypto
from twisted.internet.ssl import CertificateOptions, TLSVersion

from torrentd.rpc.serve.listening import ListenError


def certificate_options(certificate: str, key: str) -> CertificateOptions:
    """The server side of TLS 1.2 and newer. `certificate` holds the chain, the server's own first."""
    chain = [_load("rpc.tls_certificate", certificate, part) for part in _parts(certificate)]
    private = _load_key(key)
    try:
        options = CertificateOptions(
            privateKey=private, certificate=chain[0], extraCertChain=chain[1:], raiseMinimumTo=TLSVersion.TLSv1_2
        )
        options.getContext()
    except SSL.Error:
        raise ListenError(f"rpc.tls_key: {key}: does not belong to the certificate {certificate}") from None
    return options


_BEGIN = b"-----BEGIN CERTIFICATE-----"


def _parts(path: str) -> list[bytes]:
    _, *parts = _read("rpc.tls_certificate", path).split(_BEGIN)
    if not parts:
        raise ListenError(f"rpc.tls_certificate: {path}: holds no PEM certificate")
    return [_BEGIN + part for part in parts]


def _load(name: str, path: str, pem: bytes) -> crypto.X509:
    try:
        return crypto.load_certificate(crypto.FILETYPE_PEM, pem)
    except (crypto.Error, ValueError):
        raise ListenError(f"{name}: {path}: a certificate in it cannot be read") from None


def _load_key(path: str) -> crypto.PKey:
    try:
        return crypto.load_privatekey(crypto.FILETYPE_PEM, _read("rpc.tls_key", path), passphrase=b"")
    except (crypto.Error, ValueError, TypeError):
        raise ListenError(f"rpc.tls_key: {path}: holds no PEM key without a passphrase") from None


def _read(name: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ListenError(f"{name}: {path}: {(error.strerror or 'cannot be read').lower()}") from None
