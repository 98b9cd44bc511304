"""Links and sessions of donors: merged donors and the form token."""

from campaign.auth.donors import begin_donor_session, find_donor_session, form_token
from campaign.core.clock import now
from campaign.runtime.context import Installation
from tests.support.audiences import AUDIENCES


def test_a_session_opens_the_canonical_donor_of_a_merge_and_its_own_donor_once_undone(
    installation: Installation,
) -> None:
    with installation.sessions.begin() as session:
        kept, merged = (AUDIENCES["donors"].add_person(session) for _ in range(2))
        secret = begin_donor_session(session, merged, now())
        for into, speaks in ((None, merged), (kept.id, kept), (None, merged)):
            merged.merged_into_id = into
            session.flush()
            visitor = find_donor_session(session, secret, now())
            assert visitor is not None
            assert (visitor.donor, visitor.secret) == (speaks, secret)


def test_the_form_token_depends_on_the_session_and_the_sites_key() -> None:
    tokens = {form_token(secret, key) for secret in ("one", "two") for key in ("k" * 32, "l" * 32)}
    assert len(tokens) == 4
    assert form_token("one", "k" * 32) in tokens
