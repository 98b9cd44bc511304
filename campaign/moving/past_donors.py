"""The donors of another system's gifts: known ones are found, others created."""

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.models import Donation, Donor, PastGift
from campaign.moving.gift_rows import PastGiftRow


class PastDonors:
    """The donors of a batch: by address, by the system's id, by name and postal address; else new ones."""

    def __init__(self, session: Session, system: str) -> None:
        self._session, self._system = session, system
        self._by_email: dict[str, int] = {}
        self._by_ref: dict[str, int] = {}
        self._by_name: dict[tuple[str, str], int] = {}

    def load(self, rows: Sequence[PastGiftRow]) -> None:
        """Find the donors of `rows` that exist, and create those with an address that does not."""
        self._load_emails([row for row in rows if row.email])
        unnamed = [row for row in rows if not row.email]
        self._load_refs([row.donor_ref for row in unnamed if row.donor_ref])
        self._load_names([row.name.lower() for row in unnamed if row.name and row.address])

    def _load_refs(self, refs: Sequence[str]) -> None:
        if not refs:
            return
        found = self._session.execute(
            select(PastGift.donor_ref, Donation.donor_id)
            .join(Donation, Donation.id == PastGift.donation_id)
            .where(PastGift.system == self._system, PastGift.donor_ref.in_(refs))
            .order_by(PastGift.id)
        )
        for ref, donor_id in found:
            self._by_ref.setdefault(ref, donor_id)

    def _load_names(self, names: Sequence[str]) -> None:
        if not names:
            return
        found = self._session.execute(
            select(func.lower(Donor.name), Donor.address, Donor.id)
            .where(Donor.email == "", func.lower(Donor.name).in_(names))
            .order_by(Donor.id)
        )
        for name, address, donor_id in found:
            self._by_name.setdefault((name, address), donor_id)

    def _load_emails(self, rows: Sequence[PastGiftRow]) -> None:
        wanted = {row.email.lower(): row for row in reversed(rows)}
        if not wanted:
            return
        values = [
            {"email": row.email, "name": row.name, "locale": row.locale or "en", "address": row.address}
            for _, row in sorted(wanted.items())
        ]  # fmt: skip
        self._session.execute(insert(Donor).values(values).on_conflict_do_nothing())
        found = self._session.execute(
            select(func.lower(Donor.email), Donor.id, Donor.name, Donor.address).where(
                Donor.email != "", func.lower(Donor.email).in_(list(wanted))
            )
        )
        for email, donor_id, name, address in found:
            self._by_email[email] = donor_id
            row = wanted[email]
            self._complete(donor_id, name=(name, row.name), address=(address, row.address))

    def _complete(self, donor_id: int, **columns: tuple[str, str]) -> None:
        """Fill in what the donor lacks; `columns` are (here, there). What the donor or staff entered here is kept."""
        lacks = {name: there for name, (here, there) in columns.items() if there and not here}
        if lacks:
            self._session.execute(update(Donor).where(Donor.id == donor_id).values(**lacks))

    def known(self, row: PastGiftRow) -> int | None:
        """Return the donor of `row`, if there is one already."""
        if row.email:
            return self._by_email[row.email.lower()]
        if row.donor_ref and row.donor_ref in self._by_ref:
            return self._by_ref[row.donor_ref]
        return self._by_name.get((row.name.lower(), row.address)) if row.address else None

    def get(self, row: PastGiftRow) -> int:
        """Return the donor of `row`; creates one without email if none is known."""
        donor_id = self.known(row)
        if donor_id is None:
            donor = Donor(email="", name=row.name, address=row.address, locale=row.locale or "en")
            self._session.add(donor)
            self._session.flush()
            donor_id = donor.id
        if row.donor_ref:
            self._by_ref.setdefault(row.donor_ref, donor_id)
        if row.name and row.address and not row.email:
            self._by_name.setdefault((row.name.lower(), row.address), donor_id)
        return donor_id
