"""A passkey in software: it creates a key pair and signs like an authenticator (WebAuthn, attestation `none`)."""

import hashlib
import json
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class SoftwarePasskey:
    """One credential. `host` and `origin` are from the browser; `verified`: whether it verified the user."""

    host: str = "localhost"
    origin: str = "http://localhost"
    verified: bool = True
    count: int = 0
    credential_id: bytes = b"a passkey of these tests"
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def register(self, challenge: str, transports: tuple[str, ...] = ("internal",)) -> Any:
        """Return the browser's response to the options of a registration."""
        length = struct.pack(">H", len(self.credential_id))
        attested = bytes(16) + length + self.credential_id + self._public_key()
        body = self._authenticator(ATTESTED) + attested
        sent = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": body})
        return self._answer(
            clientDataJSON=bytes_to_base64url(self._client("webauthn.create", challenge)),
            attestationObject=bytes_to_base64url(sent),
            transports=list(transports),
        )

    def sign_in(self, challenge: str) -> Any:
        """Return the browser's response to the options of a sign-in, and count the use."""
        self.count += 1
        client, body = self._client("webauthn.get", challenge), self._authenticator()
        signed = self.key.sign(body + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            clientDataJSON=bytes_to_base64url(client),
            authenticatorData=bytes_to_base64url(body),
            signature=bytes_to_base64url(signed),
        )

    def _answer(self, **response: Any) -> Any:
        name = bytes_to_base64url(self.credential_id)
        return {"id": name, "rawId": name, "type": "public-key", "response": response}

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin}).encode()

    def _authenticator(self, flags: int = 0) -> bytes:
        flags |= PRESENT | (VERIFIED if self.verified else 0)
        digest = hashlib.sha256(self.host.encode()).digest()
        return digest + struct.pack(">BI", flags, self.count)

    def _public_key(self) -> bytes:
        """COSE: an EC2 key on P-256 for ES256."""
        numbers = self.key.public_key().public_numbers()
        x, y = (one.to_bytes(32, "big") for one in (numbers.x, numbers.y))
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
