"""Finding the donor of an offline gift: by email, among namesakes without one, or a new donor."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select

from campaign.core.clock import now
from campaign.models import Campaign, Donation, Donor
from campaign.offline.donor_match import NEW_DONOR, find_candidates, find_or_create_donor
from campaign.offline.entry import Choices, UnresolvedEntry
from campaign.offline.entry_parsing import OfflineEntry, read_entry
from campaign.runtime.context import Installation
from tests.support.offline_gifts import HERE, Enter, gift_of, shown_totals, written_gift


def entry_of(installation: Installation, **changes: str) -> OfflineEntry:
    with installation.sessions() as session:
        return read_entry(session, written_gift(**changes), now(), HERE)


def add(installation: Installation, **values: object) -> int:
    with installation.sessions.begin() as session:
        donor = Donor(**{"email": "", "name": "Ana Reyes", **values})
        session.add(donor)
        session.flush()
        return donor.id


def test_a_donor_without_email_is_offered_and_never_matched_silently(
    installation: Installation, enter: Enter
) -> None:
    gift_of(enter())
    shown = enter(amount="75", address="1 wharf street, Astoria OR 97103", reference="2")
    assert isinstance(shown, UnresolvedEntry)
    (known,) = shown.candidates
    assert (known.name, known.gifts, known.same_address) == ("Ana Reyes", 1, True)
    same = gift_of(enter(Choices(donor=str(known.id)), amount="75", reference="2"))
    other = gift_of(enter(Choices(donor="new"), amount="80", reference="3"))
    with installation.sessions() as session:
        donors = [session.get_one(Donation, one.donation_id).donor_id for one in (same, other)]
    assert donors[0] == known.id != donors[1]
    assert shown_totals(installation) == (20500, 3, 2)


def test_namesakes_are_listed_same_address_first_then_newest(
    installation: Installation, running: Campaign
) -> None:
    here = add(installation, address="1 Wharf Street, Astoria OR 97103", name="ANA REYES")
    unknown, elsewhere = add(installation), add(installation, address="2 Wharf Street")
    add(installation, email="ana@example.org")
    add(installation, name="Ana Reyes Jr")
    add(installation, merged_into_id=here)
    with installation.sessions() as session:
        found = find_candidates(session, entry_of(installation))
        assert [one.id for one in found] == [here, elsewhere, unknown]
        assert [one.same_address for one in found] == [True, False, False]
        nowhere = find_candidates(session, entry_of(installation, address=" "))
        # Two missing addresses are not the same address.
        assert [one.same_address for one in nowhere] == [False] * 3
        assert find_candidates(session, entry_of(installation, name="")) == ()
        assert find_candidates(session, entry_of(installation, email="new@example.org")) == ()


def test_only_a_listed_candidate_can_be_chosen(
    installation: Installation, running: Campaign
) -> None:
    known, other = add(installation), add(installation, name="Ben")
    entry = entry_of(installation)
    with installation.sessions() as session:
        for chosen in ("", str(other), "nobody"):
            assert find_or_create_donor(session, entry, chosen) is None
        giver = find_or_create_donor(session, entry, str(known))
        assert giver is not None
        assert (giver.donor.id, giver.joined, giver.donor.address) == (known, True, entry.address)
        new = find_or_create_donor(session, entry, NEW_DONOR)
        assert new is not None
        assert (new.donor.id not in {known, other}, new.joined) == (True, False)


def test_an_email_finds_its_donor_ignoring_case_and_keeps_known_values(
    installation: Installation, running: Campaign
) -> None:
    known = add(installation, email="Ana@example.org", name="Ana R.", address="")
    with installation.sessions.begin() as session:
        giver = find_or_create_donor(session, entry_of(installation, email="ana@EXAMPLE.org"), "")
        assert giver is not None
        assert (giver.donor.id, giver.joined) == (known, True)
    with installation.sessions() as session:
        donor = session.get_one(Donor, known)
        assert (donor.name, donor.address) == ("Ana R.", "1 Wharf Street\nAstoria, OR 97103")


def test_two_concurrent_gifts_with_a_new_email_share_one_donor(
    installation: Installation, running: Campaign
) -> None:
    entries = [
        entry_of(installation, email=one) for one in ("new@example.org", "NEW@example.org")
    ] * 2

    def give(entry: OfflineEntry) -> int:
        with installation.sessions.begin() as session:
            giver = find_or_create_donor(session, entry, "")
            assert giver is not None
            return giver.donor.id

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(give, entries))) == 1
    with installation.sessions() as session:
        assert len(session.scalars(select(Donor)).all()) == 1


def test_the_twenty_newest_namesakes_are_listed(
    installation: Installation, running: Campaign
) -> None:
    every = [add(installation, address=f"{n} Pier Road") for n in range(21)]
    with installation.sessions() as session:
        found = find_candidates(session, entry_of(installation))
    assert [one.id for one in found] == every[:0:-1]
    assert {one.gifts for one in found} == {0}
