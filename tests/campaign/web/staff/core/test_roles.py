"""The access of every role to every staff route. A route that is not in the table fails here.

Columns: the lowest role, the methods, the address. `anyone` is only for the sign-in pages.
"""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from campaign.models import StaffMember, StaffRole
from campaign.runtime.context import Installation
from tests.support.staff import StaffClient, StaffMaker, browser

TABLE = """
anyone  GET POST /staff/sign-in
anyone  POST     /staff/sign-in/link
anyone  GET POST /staff/sign-in/link/<secret>
anyone  POST     /staff/sign-in/passkey
anyone  POST     /staff/sign-in/passkey/options
anyone  GET      /staff/sign-in/provider
anyone  GET      /staff/sign-in/provider/back
anyone  GET POST /staff/sign-in/second-factor
anyone  POST     /staff/sign-in/second-factor/leave
anyone  GET      /staff/sign-in/sent
anyone  POST     /staff/sign-out
viewer  GET      /staff/
viewer  GET      /staff/account
viewer  GET POST /staff/account/authenticator
viewer  POST     /staff/account/authenticator/remove
viewer  POST     /staff/account/name
viewer  GET POST /staff/account/passkeys
viewer  POST     /staff/account/passkeys/<int:passkey_id>/remove
viewer  POST     /staff/account/passkeys/options
viewer  GET POST /staff/account/password
viewer  GET POST /staff/account/recovery-codes
viewer  POST     /staff/account/sessions/<int:session_id>/end
viewer  POST     /staff/account/sessions/end-others
finance GET      /staff/audit
finance GET      /staff/audit/audit.<any(csv, jsonl):kind>
finance GET      /staff/books
finance GET      /staff/books/<int:year>-<int(fixed_digits=2):month>
finance GET      /staff/books/<int:year>-<int(fixed_digits=2):month>/<currency>-<any(quickbooks, xero):program>.csv
finance GET      /staff/books/<int:year>-<int(fixed_digits=2):month>/journal.<any(csv, jsonl):kind>
viewer  GET      /staff/c/<slug>
admin   GET POST /staff/c/<slug>/appearance
admin   GET POST /staff/c/<slug>/close
viewer  GET      /staff/c/<slug>/dashboard
admin   GET POST /staff/c/<slug>/deadline
admin   GET POST /staff/c/<slug>/edit
admin   GET POST /staff/c/<slug>/finalize
admin   POST     /staff/c/<slug>/matching
viewer  GET      /staff/c/<slug>/matching
admin   POST     /staff/c/<slug>/matching/<int:matching_id>/end
admin   GET POST /staff/c/<slug>/open
admin   GET POST /staff/c/<slug>/pause
viewer  GET      /staff/c/<slug>/report
viewer  GET      /staff/c/<slug>/report.pdf
finance GET POST /staff/c/<slug>/direct-mail
admin   POST     /staff/c/<slug>/resume
viewer  GET      /staff/c/<slug>/emails
viewer  GET      /staff/c/<slug>/emails/<key>
viewer  POST     /staff/c/<slug>/emails/<key>/test
viewer  GET      /staff/c/<slug>/emails/<key>.html
viewer  GET      /staff/c/<slug>/emails/<key>.txt
viewer  GET      /staff/c/<slug>/schedule
admin   GET POST /staff/c/<slug>/schedule/<key>
admin   POST     /staff/c/<slug>/schedule/<key>/preview
admin   POST     /staff/c/<slug>/schedule/<key>/remove
admin   GET POST /staff/c/<slug>/schedule/new
admin   GET POST /staff/c/<slug>/texts/<locale>
viewer  GET      /staff/campaigns
admin   GET POST /staff/campaigns/new
viewer  GET      /staff/donations
viewer  GET      /staff/donations/<public_id>
finance GET      /staff/donations/<public_id>/disputes/<dispute_id>/evidence
finance GET      /staff/donations/<public_id>/disputes/<dispute_id>/evidence/evidence.<any(pdf, zip):kind>
finance POST     /staff/donations/<public_id>/notes
finance POST     /staff/donations/<public_id>/receipt
finance GET POST /staff/donations/<public_id>/refund
finance GET POST /staff/donations/<public_id>/reissue
viewer  GET      /staff/donors
viewer  GET      /staff/donors/<int:donor_id>
finance GET POST /staff/donors/<int:donor_id>/correct
viewer  GET      /staff/donors/<int:donor_id>/mail
finance GET POST /staff/donors/<int:donor_id>/merge
finance POST     /staff/donors/<int:donor_id>/merges/<int:merge_id>/undo
finance POST     /staff/donors/<int:donor_id>/notes
admin   GET POST /staff/donors/<int:donor_id>/erase
finance GET POST /staff/donors/<int:donor_id>/subscriptions/<stripe_id>/cancel
finance GET      /staff/exports
finance GET      /staff/exports/<any(donations, donors, ledger, receipts):what>.<any(csv, jsonl):kind>
admin   GET POST /staff/api-tokens
admin   GET POST /staff/moving-in
admin   GET      /staff/moving-in/<int:upload_id>
admin   POST     /staff/moving-in/<int:upload_id>/check
admin   POST     /staff/moving-in/<int:upload_id>/discard
admin   POST     /staff/moving-in/<int:upload_id>/import
admin   POST     /staff/api-tokens/<int:token_id>/revoke
admin   GET      /staff/api-tokens/created
viewer  GET      /staff/subscribers
finance GET      /staff/subscribers/subscribers.<any(csv, jsonl):kind>
viewer  GET      /staff/subscribers/segments
viewer  GET      /staff/subscribers/<int:subscriber_id>
finance GET POST /staff/subscribers/<int:subscriber_id>/unsubscribe
finance GET POST /staff/subscribers/new
viewer  GET      /staff/subscribers/do-not-email
finance GET POST /staff/subscribers/do-not-email/<int:suppression_id>
admin   GET POST /staff/subscribers/do-not-email/refused
viewer  GET      /staff/mail
viewer  GET      /staff/mail/<int:message_id>
finance POST     /staff/mail/<int:message_id>/resend
finance GET POST /staff/mail/resend
viewer  GET      /staff/mail/preview/
viewer  GET      /staff/mail/preview/<name>
viewer  GET      /staff/mail/preview/<name>.html
viewer  GET      /staff/mail/preview/<name>.txt
finance GET POST /staff/offline
finance GET      /staff/offline/<public_id>
finance GET POST /staff/offline/<public_id>/reverse
finance GET POST /staff/offline/deposits
finance GET      /staff/offline/deposits/<int:batch_id>
finance POST     /staff/offline/deposits/<int:batch_id>/close
finance POST     /staff/offline/deposits/<int:batch_id>/gifts
finance GET      /staff/offline/deposits/<int:batch_id>/slip.pdf
finance GET POST /staff/offline/import
finance POST     /staff/offline/import/enter
finance GET      /staff/offline/duplicates
finance GET      /staff/payouts
finance GET      /staff/payouts/<payout_id>
finance GET      /staff/payouts/<payout_id>/items.<any(csv, jsonl):kind>
finance GET      /staff/reconciliations
finance GET POST /staff/account-payments
finance GET      /staff/account-payments/runs/<int:run_id>
finance GET      /staff/reconciliations/<int:run_id>
finance GET POST /staff/reconciliations/discrepancies/<discrepancy_id>
finance GET      /staff/reconciliations/settled
finance POST     /staff/review/<kind>/<path:key>
admin   GET POST /staff/branding
viewer  GET      /staff/again/<token>
finance GET      /staff/card-testing
finance POST     /staff/card-testing/end
finance POST     /staff/card-testing/start
admin   GET POST /staff/team
admin   GET      /staff/team/<int:member_id>
admin   POST     /staff/team/<int:member_id>/activate
admin   POST     /staff/team/<int:member_id>/deactivate
admin   POST     /staff/team/<int:member_id>/link
admin   POST     /staff/team/<int:member_id>/reset-second-factor
admin   POST     /staff/team/<int:member_id>/role
admin   GET      /staff/team/link
finance GET      /staff/wall
finance POST     /staff/wall/<int:donation_id>
admin   GET POST /staff/webhooks
admin   GET      /staff/webhooks/<int:endpoint_id>
admin   POST     /staff/webhooks/<int:endpoint_id>/deliveries/<int:delivery_id>
admin   POST     /staff/webhooks/<int:endpoint_id>/disable
admin   POST     /staff/webhooks/<int:endpoint_id>/test
"""
ROLES = {"viewer": StaffRole.viewer, "finance": StaffRole.finance, "admin": StaffRole.admin}

Route = tuple[str, str]


def matrix() -> dict[Route, str]:
    """Return the lowest role by (method, rule)."""
    found: dict[Route, str] = {}
    for line in TABLE.strip().splitlines():
        role, methods, rule = re.fullmatch(r"(\w+) +([A-Z ]+?) +(/.*)", line).groups()
        found |= {(method, rule): role for method in methods.split()}
    return found


def routes(app: Flask) -> Iterator[tuple[Route, str]]:
    """Return every route under /staff, with the endpoint's name."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/staff"):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield (method, rule.rule), rule.endpoint


def address(rule: str) -> str:
    """Return a URL that matches the rule but refers to nothing that exists."""
    chosen = re.sub(r"<any\((\w+)[^>]+>", r"\1", rule)
    chosen = chosen.replace("<int(fixed_digits=2):month>", "99")
    return re.sub(r"<[^>]+>", "none", re.sub(r"<int:[^>]+>", "999999", chosen))


def ask(client: StaffClient, route: Route) -> TestResponse:
    method, rule = route
    return client.get(address(rule)) if method == "GET" else client.post_form(address(rule))


def test_the_table_lists_every_route_and_its_required_role(app: Flask) -> None:
    asked = {
        route: str(getattr(app.view_functions[endpoint], "required_role", "anyone"))
        for route, endpoint in routes(app)
    }
    assert asked == matrix()


def test_only_sign_in_is_open_to_everyone() -> None:
    opened = {rule for (_, rule), role in matrix().items() if role == "anyone"}
    assert all(rule.startswith("/staff/sign-") for rule in opened)


def test_signed_out_visitors_have_no_access(app: Flask) -> None:
    stranger = browser(app)
    for route, role in matrix().items():
        if role != "anyone":
            answer = ask(stranger, route)
            assert answer.status_code == 302, route
            assert answer.location.startswith("/staff/sign-in"), route


@pytest.mark.parametrize("role", ROLES.values())
def test_each_role_has_exactly_the_access_in_the_table(staff: StaffMaker, role: StaffRole) -> None:
    client = staff(role)
    for route, least in matrix().items():
        if least == "anyone":
            continue
        answer = ask(client, route)
        if role.includes(ROLES[least]):
            assert answer.status_code != 403, route
            assert not (answer.location or "").startswith("/staff/sign-in"), route
            assert answer.status_code < 500, (route, answer.text)
        else:
            assert answer.status_code == 403, route
            assert "You do not have access to this page" in answer.text, route


def test_no_form_is_accepted_without_its_token_or_from_another_site(
    app: Flask, staff: StaffMaker
) -> None:
    admin, stranger = staff(StaffRole.admin), browser(app)
    for (method, rule), role in matrix().items():
        if method != "POST":
            continue
        client, path = (stranger if role == "anyone" else admin), address(rule)
        without = client.post(path)
        assert (without.status_code, "This form has expired" in without.text) == (400, True), path
        for foreign in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            refused = client.post_form(path, headers=foreign)
            assert refused.status_code == 403, path
            assert "This form was sent from another site" in refused.text, path
    assert admin.get("/staff/account").status_code == 200


def test_a_deactivated_admin_has_no_access_anywhere(
    staff: StaffMaker, installation: Installation
) -> None:
    client = staff(StaffRole.admin)
    with installation.sessions.begin() as session:
        session.get_one(StaffMember, client.member.id).active = False
    for route, role in matrix().items():
        if role != "anyone":
            answer = ask(client, route)
            assert answer.status_code == 302, route
            assert answer.location.startswith("/staff/sign-in"), route


def test_a_role_changed_in_the_database_counts_at_the_next_request(
    staff: StaffMaker, installation: Installation
) -> None:
    client = staff(StaffRole.admin)
    assert client.get("/staff/team").status_code == 200
    with installation.sessions.begin() as session:
        session.get_one(StaffMember, client.member.id).role = StaffRole.finance.value
    assert client.get("/staff/team").status_code == 403
    assert client.get("/staff/books").status_code == 200


def test_no_page_of_staff_is_stored_or_indexed(app: Flask, staff: StaffMaker) -> None:
    admin = staff(StaffRole.admin)
    for clients in (admin, browser(app)):
        for route in matrix():
            if route[1] == "/staff/sign-out":
                continue
            headers = ask(clients, route).headers
            assert headers["Cache-Control"] == "private, no-store", route
            assert headers["Referrer-Policy"] == "same-origin", route
            assert headers["X-Robots-Tag"] == "noindex, nofollow", route
