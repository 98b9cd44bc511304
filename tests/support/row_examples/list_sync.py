"""Subscribers at list services, and how far each sync is."""

from tests.support.row_examples.table import Table, Unique, each, fresh, refused

SERVICES = ["mailchimp", "brevo", "listmonk"]

LIST_MEMBER = Table(
    "list_member",
    row={"service": "mailchimp", "email": fresh("ana@example.org")},
    defaults={"remote_id": "", "tags": [], "erase": False},
    optional=["pushed_at", "left_at", "refused_at"],
    refused=[
        *refused("ck_list_member_service", *each("service", ["mailgun", ""])),
        *refused("ck_list_member_email", *each("email", ["Ana@example.org", ""])),
    ],
    accepted=each("service", SERVICES),
    unique=[
        Unique(
            "uq_list_member_service_email",
            {"service": "mailchimp", "email": "ana@example.org"},
            apart=[{"service": "brevo"}, {"email": "ben@example.org"}],
        )
    ],
)

LIST_SYNC_STATE = Table(
    "list_sync_state",
    # Two rows at most are made with the default.
    row={"service": lambda rows: SERVICES[rows.number() % len(SERVICES)]},
    numbered=False,
    optional=["pulled_at", "not_before"],
    refused=[*refused("ck_list_sync_state_service", *each("service", ["mailgun", ""]))],
    accepted=each("service", ["brevo", "listmonk"]),
    unique=[Unique("pk_list_sync_state", {"service": "mailchimp"}, apart=[{"service": "brevo"}])],
)

TABLES = [LIST_MEMBER, LIST_SYNC_STATE]
