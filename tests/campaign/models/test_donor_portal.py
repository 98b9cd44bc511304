"""Links, sessions and requests to be removed, as the donor portal's tables keep them. Raw."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import IntegrityError

from campaign.models import Donor, DonorLink, DonorSession, ErasureRequest
from campaign.runtime.context import Installation
from tests.support.raw_sql import execute, insert, rejections

LATER = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture
def donor(installation: Installation) -> int:
    """The id of a donor."""
    return int(insert(installation, Donor, email="ana@example.org", name="Ana"))


def test_a_link_that_confirms_an_address_names_it_and_no_other_does(
    installation: Installation, donor: int
) -> None:
    insert(installation, DonorLink, donor_id=donor, purpose="open", digest="d", expires_at=LATER)
    rules = {
        "purpose = 'address'": "ck_donor_link_email",
        "email = 'new@example.org'": "ck_donor_link_email",
        "purpose = 'address', email = 'new@example.org'": "",
        "purpose = 'pay'": "ck_donor_link_purpose",
    }
    assert rejections(installation, "donor_link", rules) == rules


def test_a_digest_opens_one_thing(installation: Installation, donor: int) -> None:
    link = {"donor_id": donor, "purpose": "open", "digest": "same", "expires_at": LATER}
    insert(installation, DonorLink, **link)
    insert(installation, DonorSession, donor_id=donor, digest="same", expires_at=LATER)
    with pytest.raises(IntegrityError, match="uq_donor_link_digest"):
        insert(installation, DonorLink, **link)
    with pytest.raises(IntegrityError, match="uq_donor_session_digest"):
        insert(installation, DonorSession, donor_id=donor, digest="same", expires_at=LATER)


@pytest.mark.parametrize("end", ["done_at", "withdrawn_at"])
def test_a_donor_asks_to_be_removed_once_until_that_is_over(
    installation: Installation, donor: int, end: str
) -> None:
    insert(installation, ErasureRequest, donor_id=donor)
    with pytest.raises(IntegrityError, match="uq_erasure_request_donor_id"):
        insert(installation, ErasureRequest, donor_id=donor)
    execute(installation, f"UPDATE erasure_request SET {end} = now()")
    insert(installation, ErasureRequest, donor_id=donor)


def test_a_request_ends_one_way_and_has_whoever_approved_it(
    installation: Installation, donor: int
) -> None:
    insert(installation, ErasureRequest, donor_id=donor)
    rules = {
        "done_at = now(), withdrawn_at = now()": "ck_erasure_request_ended",
        "approved_at = now()": "ck_erasure_request_approved",
        "approved_by = 'Mia'": "ck_erasure_request_approved",
        "approved_at = now(), approved_by = 'Mia', done_at = now()": "",
    }
    assert rejections(installation, "erasure_request", rules) == rules
