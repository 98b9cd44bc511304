"""Reports in plain words, as the world's mail servers write them about an email of ours."""

from tests.support.bounce_reports import MESSAGE_ID, VERP

DAEMON = "Mail Delivery System <MAILER-DAEMON@mx.example.org>"


def notice(
    text: str,
    *,
    sender: str = DAEMON,
    subject: str = "Undelivered mail",
    to: str = VERP,
    more: str = "",
) -> bytes:
    """Return an email of one part. `more` are further headers, each on its own line."""
    head = f"From: {sender}\nTo: {to}\nSubject: {subject}\n{more}"
    return f"{head}Content-Type: text/plain; charset=utf-8\n\n{text}".encode()


def quoting(report: str, line: str) -> str:
    """Return the report with our email quoted below `line`."""
    return (
        f"{report}\n\n{line}\n\nReturn-Path: <{VERP}>\nMessage-ID: {MESSAGE_ID}\n"
        "Subject: Your mailbox is full of news\nTo: ana@example.org\n\nNo such user was ever blocked.\n"
    )


EXIM = """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ana@example.org
    {}"""
QMAIL = """Hi. This is the qmail-send program at mx.example.org.
I'm afraid I was not able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ana@example.org>:
{}"""
POSTFIX_OLD = """This is the Postfix program at host mx.example.org.

I'm sorry to have to inform you that your message could not be
be delivered to one or more recipients. It's attached below.

<ana@example.org>: host in.example.org[192.0.2.1] said: {}"""
OPENSMTPD = """    Hi!

    This is the MAILER-DAEMON, please DO NOT REPLY to this e-mail.

    An error has occurred while attempting to deliver a message for
    the following list of recipients:

ana@example.org: {}"""
DRAGONFLY = """This is the DragonFly Mail Agent v0.13 at mx.example.org.

There was an error delivering your mail to <ana@example.org>.

{}"""
GMAIL_OLD = """Delivery to the following recipient failed permanently:

     ana@example.org

Technical details of permanent failure:
Google tried to deliver your message, but it was rejected by the recipient domain.
The error that the other server returned was: {}"""
YAHOO = """Sorry, we were unable to deliver your message to the following address.

<ana@example.org>:
Remote host said: {}"""
GMX = """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of
its recipients. The following address failed:

"ana@example.org":
SMTP error from remote server after RCPT command:
host: in.example.org
{}"""
ZOHO = """This message was created automatically by mail delivery software.
A message that you sent could not be delivered to one or more of its recipients. This is a permanent error.

ana@example.org Invalid Address, ERROR_CODE :550, ERROR_CODE :{}"""
EXCHANGE_2000 = """Your message

  To:      ana@example.org
  Subject: Nine days
  Sent:    Mon, 28 Dec 2026 09:00:00 -0800

did not reach the following recipient(s):

ana@example.org on Mon, 28 Dec 2026 09:01:00 -0800
    {}
    MSEXCH:IMS:EXAMPLE:MX:IN 0 (000C05A6)"""
EXCHANGE_2007 = """Delivery has failed to these recipients or distribution lists:

ana@example.org
{}

Diagnostic information for administrators:
Generating server: mx.example.org"""
DOMINO = """Your message

  Subject: Nine days

was not delivered to:

  ana@example.org

because:

  {}"""
SENDMAIL_OLD = """The original message was received at Mon, 28 Dec 2026 09:00:00 -0800
from news.example.org [192.0.2.7]

   ----- The following addresses had permanent fatal errors -----
<ana@example.org>

   ----- Transcript of session follows -----
... while talking to in.example.org.:
>>> {}
<<< {}"""
