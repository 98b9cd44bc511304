"""Delivery reports and complaints in the formats of real mail systems."""

BOUNCES = "bounces@mail.harbor-ledger.example"
TOKEN = "0123456789abcdefABCDEF"
VERP = f"bounces+{TOKEN}@mail.harbor-ledger.example"
MESSAGE_ID = "<appeal-7f1c@harbor-ledger.example>"
ORIGINAL = f"Message-ID: {MESSAGE_ID}\nSubject: Nine days\nTo: ana@example.org\n"


def delivery(
    fields: str, *, to: str = VERP, original: str = "", sender: str = "MAILER-DAEMON@mx.example.org"
) -> bytes:
    """Return a delivery report about one recipient, in the three parts of RFC 3462."""
    part = original or f"Content-Type: text/rfc822-headers\n\n{ORIGINAL}"
    return f"""Return-Path: <>
Delivered-To: {to}
From: {sender}
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain; charset=us-ascii

Your message could not be delivered.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
Arrival-Date: Mon, 28 Dec 2026 09:00:00 -0800

Final-Recipient: rfc822; ana@example.org
{fields}

--b1
{part}

--b1--
""".encode()


def complaint(kind: str = "abuse", to: str = "fbl@harbor-ledger.example") -> bytes:
    """Return a complaint like those of Yahoo and AOL: no recipient, with the message attached."""
    return f"""From: <feedback@arf.mail.yahoo.com>
To: {to}
Subject: FW: Nine days
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b2"

--b2
Content-Type: text/plain

This is an email abuse report.

--b2
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Yahoo!-Mail-Feedback/2.0
Version: 0.1
Original-Mail-From: <{VERP}>
Original-Rcpt-To: <redacted>

--b2
Content-Type: message/rfc822

Return-Path: <{VERP}>
{ORIGINAL}
Nine days are left.

--b2--
""".encode()


POSTFIX = """Original-Recipient: rfc822;ana@example.org
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.example.org
Diagnostic-Code: smtp; 550 5.1.1 <ana@example.org>: Recipient address
    rejected: User unknown in virtual mailbox table"""
EXIM = "Action: failed\nStatus: 5.0.0\nRemote-MTA: dns; mx.example.org\nDiagnostic-Code: smtp; {}"
GMAIL = (
    "Action: failed\nStatus: 5.1.1\nRemote-MTA: dns; gmail-smtp-in.l.google.com. (142.250.1.26)\n"
    "Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist."
)
EXCHANGE = "Action: failed\nStatus: {}\nDiagnostic-Code: smtp;{}\nX-Display-Name: Ana"
DELAYED = "Action: delayed\nStatus: 4.4.1\nDiagnostic-Code: X-Postfix; connection timed out"
