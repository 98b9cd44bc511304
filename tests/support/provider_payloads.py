"""Events in the shape that each mail provider documents, with values of our own, and what signs them.

Each function names the page that shows the shape. `changes` replace or add fields.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from campaign.core import clock
from tests.support.upstream import Answer, Upstream

READER = "ana@example.org"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:campaign-mail"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0a1b2c.pem"


def ses_mail(**changes: Any) -> dict[str, Any]:
    """The `mail` object: https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html#mail-object"""
    return {
        "timestamp": "2026-12-22T08:00:00.000Z",
        "source": "giving@harbor-ledger.example",
        "sourceArn": "arn:aws:ses:eu-west-1:123456789012:identity/harbor-ledger.example",
        "sendingAccountId": "123456789012",
        "messageId": "0102018f-0a1b-4c2d-8e3f-000000000000-000000",
        "destination": [READER],
        **changes,
    }


def ses_headers(message_id: str) -> dict[str, Any]:
    """What `mail` has besides if the original headers are included (the same page)."""
    return {
        "headersTruncated": False,
        "headers": [
            {"name": "From", "value": "The Harbor Ledger <giving@harbor-ledger.example>"},
            {"name": "Message-ID", "value": message_id},
        ],
        "commonHeaders": {"from": ["giving@harbor-ledger.example"], "messageId": message_id},
    }


def ses_bounce(
    said: str = "smtp; 550 5.1.1 no such user",
    *,
    mail: Mapping[str, Any] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """A bounce: https://docs.aws.amazon.com/ses/latest/dg/notification-examples.html"""
    row = {"emailAddress": READER, "action": "failed", "status": "5.1.1", "diagnosticCode": said}
    bounce = {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "reportingMTA": "dns; mx.example.org",
        "bouncedRecipients": [row],
        "timestamp": "2026-12-22T08:00:05.000Z",
        "feedbackId": "0102018f-0a1b-4c2d-8e3f-111111111111-000000",
        **changes,
    }
    return {"notificationType": "Bounce", "bounce": bounce, "mail": dict(mail or ses_mail())}


def ses_complaint(**changes: Any) -> dict[str, Any]:
    """A complaint (the same page)."""
    complaint = {
        "complainedRecipients": [{"emailAddress": READER}],
        "timestamp": "2026-12-22T09:00:00.000Z",
        "feedbackId": "0102018f-0a1b-4c2d-8e3f-222222222222-000000",
        "complaintFeedbackType": "abuse",
        **changes,
    }
    return {"notificationType": "Complaint", "complaint": complaint, "mail": ses_mail()}


def postmark_bounce(kind: str = "HardBounce", **changes: Any) -> dict[str, Any]:
    """https://postmarkapp.com/developer/webhooks/bounce-webhook"""
    return {
        "RecordType": "Bounce",
        "MessageStream": "outbound",
        "ID": 4711,
        "Type": kind,
        "TypeCode": 1,
        "Name": "Hard bounce",
        "Tag": "",
        "MessageID": "00000000-0000-0000-0000-000000000000",
        "Metadata": {},
        "ServerID": 1,
        "Description": "The server was unable to deliver your message.",
        "Details": "smtp;550 5.1.1 no such user",
        "Email": READER,
        "From": "giving@harbor-ledger.example",
        "BouncedAt": "2026-12-22T08:00:05.1234567Z",
        "DumpAvailable": True,
        "Inactive": True,
        "CanActivate": True,
        "Subject": "Nine days",
        **changes,
    }


def postmark_complaint(**changes: Any) -> dict[str, Any]:
    """https://postmarkapp.com/developer/webhooks/spam-complaint-webhook"""
    return postmark_bounce(
        "SpamComplaint",
        **{"RecordType": "SpamComplaint", "TypeCode": 512, "Details": "", **changes},
    )


def postmark_change(reason: str = "ManualSuppression", **changes: Any) -> dict[str, Any]:
    """https://postmarkapp.com/developer/webhooks/subscription-change-webhook"""
    return {
        "RecordType": "SubscriptionChange",
        "MessageID": "00000000-0000-0000-0000-000000000000",
        "ServerID": 1,
        "MessageStream": "broadcast",
        "ChangedAt": "2026-12-22T08:00:05Z",
        "Recipient": READER,
        "Origin": "Recipient",
        "SuppressSending": True,
        "SuppressionReason": reason,
        "Tag": "",
        "Metadata": {},
        **changes,
    }


def mailgun_event(kind: str = "failed", **changes: Any) -> dict[str, Any]:
    """`event-data`: https://documentation.mailgun.com/docs/mailgun/user-manual/events/webhooks"""
    return {
        "id": "G9Bn5sl1TC6nu79C8C0bwg",
        "timestamp": 1797926405.123,
        "log-level": "error",
        "event": kind,
        "severity": "permanent",
        "reason": "bounce",
        "delivery-status": {
            "attempt-no": 1,
            "message": "",
            "code": 550,
            "description": "5.1.1 no such user",
            "session-seconds": 0.4,
        },
        "flags": {"is-routed": False, "is-authenticated": True, "is-system-test": False},
        "envelope": {
            "sender": "giving@harbor-ledger.example",
            "transport": "smtp",
            "targets": READER,
        },
        "message": {
            "headers": {"to": READER, "message-id": "unknown@elsewhere.example", "subject": "x"},
            "attachments": [],
            "size": 111,
        },
        "recipient": READER,
        "recipient-domain": "example.org",
        "tags": [],
        "user-variables": {},
        **changes,
    }


def mailgun_request(
    event: Mapping[str, Any], key: str, at: datetime | None = None
) -> dict[str, Any]:
    """A request with its signature (the same page, "Securing Webhooks")."""
    stamp, token = str(int((at or clock.now()).timestamp())), "t" * 50
    made = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {
        "signature": {"timestamp": stamp, "token": token, "signature": made},
        "event-data": dict(event),
    }


def sendgrid_event(kind: str = "bounce", **changes: Any) -> dict[str, Any]:
    """https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event"""
    return {
        "email": READER,
        "timestamp": 1797926405,
        "smtp-id": "<unknown@elsewhere.example>",
        "event": kind,
        "category": ["campaign"],
        "sg_event_id": "c2VuZGdyaWQgZXZlbnQ",
        "sg_message_id": "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0",
        **changes,
    }


def sendgrid_bounce(
    said: str = "550 5.1.1 no such user", status: str = "5.1.1", **changes: Any
) -> dict[str, Any]:
    """A bounce (the same page)."""
    fields = {"reason": said, "status": status, "type": "bounce"}
    sort = {"bounce_classification": "Invalid Address"}
    return sendgrid_event(**{**fields, **sort, **changes})


class SendGridSigner:
    """A key pair as SendGrid makes one, which signs requests as its page on security features says."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        public = self._key.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        self.public_key = base64.b64encode(public).decode()

    def headers(self, body: bytes, at: datetime | None = None) -> dict[str, str]:
        stamp = str(int((at or clock.now()).timestamp()))
        made = self._key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        name = "X-Twilio-Email-Event-Webhook"
        return {f"{name}-Signature": base64.b64encode(made).decode(), f"{name}-Timestamp": stamp}


def sparkpost_event(kind: str = "bounce", outer: str = "message_event", **changes: Any) -> Any:
    """https://developers.sparkpost.com/api/webhooks/"""
    fields = {
        "type": kind,
        "bounce_class": "10",
        "error_code": "550",
        "event_id": "92356927693813856",
        "message_id": "000443ee14578172be22",
        "msg_from": "giving@harbor-ledger.example",
        "raw_rcpt_to": READER,
        "rcpt_to": READER,
        "rcpt_meta": {},
        "raw_reason": "550 5.1.1 no such user",
        "reason": "550 5.1.1 no such user",
        "timestamp": "1797926405",
        **changes,
    }
    return {"msys": {outer: fields}}


def brevo_event(kind: str = "hard_bounce", **changes: Any) -> dict[str, Any]:
    """https://developers.brevo.com/docs/transactional-webhooks"""
    return {
        "event": kind,
        "email": READER,
        "id": 1,
        "date": "2026-12-22 09:00:05",
        "ts": 1797926405,
        "message-id": "<unknown@elsewhere.example>",
        "ts_event": 1797926405,
        "subject": "Nine days",
        "sending_ip": "192.0.2.1",
        "reason": "550 5.1.1 no such user",
        "tags": [],
        **changes,
    }


def brevo_marketing_unsubscribe(**changes: Any) -> dict[str, Any]:
    """https://developers.brevo.com/docs/marketing-webhooks"""
    return {
        "id": 1,
        "camp_id": 7,
        "email": READER,
        "campaign name": "December",
        "date_sent": "2026-12-20 10:00:00",
        "date_event": "2026-12-22 09:00:05",
        "event": "unsubscribe",
        "tag": "",
        "ts_sent": 1797753605,
        "ts_event": 1797926405,
        "list_id": [3],
        **changes,
    }


class SnsSigner:
    """Signs messages as Amazon SNS does, with a certificate of its own.

    https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
    """

    def __init__(self, valid_from: datetime = datetime(2020, 1, 1, tzinfo=UTC)) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(1)
            .not_valid_before(valid_from)
            .not_valid_after(valid_from + timedelta(days=36500))
            .sign(self._key, hashes.SHA256())
        )
        self.certificate = certificate.public_bytes(Encoding.PEM)

    def notification(self, about: Any, *, version: str = "2", **changes: Any) -> dict[str, Any]:
        """https://docs.aws.amazon.com/sns/latest/dg/http-notification-json.html"""
        text = about if isinstance(about, str) else json.dumps(about)
        return self.sign({"Type": "Notification", "Message": text, **changes}, version)

    def confirmation(self, *, version: str = "2", **changes: Any) -> dict[str, Any]:
        """https://docs.aws.amazon.com/sns/latest/dg/http-subscription-confirmation-json.html"""
        asked = f"Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37"
        fields = {
            "Type": "SubscriptionConfirmation",
            "Token": "2336412f37",
            "Message": "You have chosen to subscribe to the topic.",
            "SubscribeURL": f"https://sns.eu-west-1.amazonaws.com/?{asked}",
        }
        return self.sign({**fields, **changes}, version)

    def sign(self, fields: Mapping[str, Any], version: str) -> dict[str, Any]:
        message = {
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Timestamp": "2026-12-22T08:00:06.000Z",
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE_URL,
            **fields,
        }
        unsigned = {"Signature", "SignatureVersion", "SigningCertURL"}
        names = sorted(set(message) - unsigned)
        signed = "".join(f"{name}\n{message[name]}\n" for name in names)
        algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
        made = self._key.sign(signed.encode(), padding.PKCS1v15(), algorithm)
        return {"Signature": base64.b64encode(made).decode(), **message}


class SnsServer(Upstream):
    """In place of sns.REGION.amazonaws.com: shows the certificate and takes confirmations."""

    def __init__(self, signer: SnsSigner) -> None:
        super().__init__()
        self.answers("/SimpleNotificationService-0a1b2c.pem", Answer(signer.certificate))
        self.answers("/", Answer(b"<ConfirmSubscriptionResponse/>"))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"
