"""The donor page in tests: the emailed link, its button, and the forms as a browser sends them."""

import re
from collections.abc import Callable

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from campaign.audit.audit_log import Actor
from campaign.emails.delivery import deliver_due
from campaign.models import (
    AuditEntry,
    Donor,
    StaffRole,
)
from campaign.runtime.context import Installation
from sandbox.outbox.receiver import MailReceiver, ReceivedMail
from tests.support.stripe import Facts

ANA = "ana@example.org"
LINK = re.compile(r"http://localhost(/me/\S+)")


def mailed_link(mailing: Installation, mailbox: MailReceiver) -> str:
    """Send what is due, and return the path of the last link that was emailed."""
    deliver_due(mailing)
    links = [link for one in mailbox.messages for link in LINK.findall(plain_text(one))]
    assert links, "no email has a link"
    return str(links[-1])


def plain_text(mail: ReceivedMail) -> str:
    """Return the email's plain text."""
    body = mail.message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def request_link(client: FlaskClient, email: str = ANA) -> TestResponse:
    """Request a link."""
    answer = client.post("/me", data={"email": email})
    answer.close()
    return answer


def open_donor_page(
    client: FlaskClient, mailing: Installation, mailbox: MailReceiver, email: str = ANA
) -> str:
    """Open the donor page of `email` in this browser; return its HTML."""
    request_link(client, email)
    path = mailed_link(mailing, mailbox)
    assert client.get(path).status_code == 200
    answer = client.post(path)
    assert (answer.status_code, answer.location) == (303, "/me")
    return client.get("/me").text


def send(client: FlaskClient, path: str, **fields: str) -> TestResponse:
    """Post a form of the page that is open in this browser, with its token."""
    token = re.search(r'name="csrf_token" value="([0-9a-f]+)"', client.get("/me").text)
    assert token, "no page is open"
    return client.post(path, data=fields | {"csrf_token": token[1]})


Give = Callable[..., Facts]
Store = Callable[..., None]


MIA = Actor("mia@harbor-ledger.example", StaffRole.finance)


def audited(installation: Installation) -> list[tuple[str, str]]:
    """Return the actions of donors in the audit log."""
    donors = AuditEntry.actor.startswith("donor ")
    query = select(AuditEntry.actor, AuditEntry.action).where(donors).order_by(AuditEntry.id)
    with installation.sessions() as session:
        return [(actor, action) for actor, action in session.execute(query)]


def donor_of(installation: Installation, email: str) -> Donor:
    with installation.sessions() as session:
        return session.scalars(select(Donor).where(Donor.email == email)).one()
