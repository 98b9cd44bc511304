"""Certificates for servers on 127.0.0.1: a good one, and one for each thing that can be wrong."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

FINE, EXPIRED, SELF_SIGNED, WRONG_NAME = "fine", "expired", "self-signed", "wrong name"
_TRUSTED = (FINE, EXPIRED, WRONG_NAME)


def make_certificates(folder: Path) -> Mapping[str, Path]:
    """Write a key with its certificate for each kind; `trusted` has those that SSL_CERT_FILE may name."""
    found = {kind: _write(folder, kind) for kind in (*_TRUSTED, SELF_SIGNED)}
    trusted = folder / "trusted.pem"
    trusted.write_bytes(b"".join(_certificate(found[kind]) for kind in _TRUSTED))
    return {**found, "trusted": trusted}


def _write(folder: Path, kind: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"mail server, {kind}")])
    now = datetime.now(UTC)
    until = now - timedelta(days=1) if kind == EXPIRED else now + timedelta(days=2)
    who = x509.DNSName("elsewhere.example")
    here = x509.IPAddress(ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3))
        .not_valid_after(until)
        .add_extension(
            x509.SubjectAlternativeName([who if kind == WRONG_NAME else here]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{kind.replace(' ', '-')}.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    file.chmod(0o600)
    return file


def _certificate(file: Path) -> bytes:
    mark = b"-----BEGIN CERTIFICATE-----"
    return mark + file.read_bytes().partition(mark)[2]
