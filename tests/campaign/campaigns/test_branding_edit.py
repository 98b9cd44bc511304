"""The organization's branding as staff edit it: the logo needs alternative text, and invalid forms save nothing."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from campaign.campaigns.branding import Logo, read_branding, read_logo
from campaign.campaigns.branding_edit import BrandingFields, edit_branding
from campaign.core.clock import now
from campaign.core.errors import FieldsInvalid
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN, audited

PNG = b"\x89PNG\r\n\x1a\nfirst"
OTHER = b"\x89PNG\r\n\x1a\nsecond"


def edit(installation: Installation, **typed: Any) -> list[str]:
    with installation.sessions.begin() as session:
        return edit_branding(session, BrandingFields(**typed), ADMIN, now())


def logo(installation: Installation) -> Logo | None:
    with installation.sessions() as session:
        return read_logo(session, read_branding(session).logo_digest)


def test_a_logo_stays_until_it_is_replaced_or_removed(installation: Installation) -> None:
    assert edit(installation, logo=PNG, logo_alt="The Ledger") == ["logo", "logo_alt"]
    assert edit(installation, logo_alt="The Ledger") == []
    assert edit(installation, logo=PNG, logo_alt="The Ledger") == []
    assert logo(installation) == Logo(PNG, "image/png")
    edit(installation, logo=OTHER, logo_alt="The Ledger", without_logo=True)
    assert logo(installation) == Logo(OTHER, "image/png")
    edit(installation, logo_alt="The Ledger", without_logo=True)
    assert logo(installation) is None
    with installation.sessions() as session:
        assert read_branding(session).logo_alt == ""


def test_a_logo_needs_alternative_text(installation: Installation) -> None:
    for typed in ({"logo": PNG}, {"logo": PNG, "logo_alt": "  "}):
        with pytest.raises(FieldsInvalid, match="Describe the logo"):
            edit(installation, **typed)
    edit(installation, logo=PNG, logo_alt="The Ledger")
    with pytest.raises(FieldsInvalid, match="Describe the logo"):
        edit(installation, logo_alt="")


def test_the_audit_log_has_the_digest_but_not_the_image(installation: Installation) -> None:
    edit(installation, logo=PNG, logo_alt="The Ledger", masthead="Since 1873")
    (entry,) = audited(installation)
    with installation.sessions() as session:
        digest = read_branding(session).logo_digest
    assert (entry.action, entry.before["logo_digest"]) == ("branding.edited", None)
    assert entry.after == {
        "logo_type": "image/png",
        "logo_digest": digest,
        "logo_alt": "The Ledger",
        "masthead": "Since 1873",
    }


def test_lines_have_a_maximum_length(installation: Installation) -> None:
    edit(installation, masthead="m" * 80, footer="f" * 400)
    with pytest.raises(FieldsInvalid) as refused:
        edit(installation, masthead="m" * 81, footer="f" * 401)
    assert set(refused.value.faults) == {"masthead", "footer"}
    edit(installation, masthead=" \n ", footer="")
    with installation.sessions() as session:
        look = read_branding(session)
    assert (look.masthead, look.footer) == ("", "")


def test_all_errors_are_reported_at_once_and_nothing_is_saved(installation: Installation) -> None:
    with pytest.raises(FieldsInvalid) as refused:
        edit(
            installation,
            accent_light="#0b5a5c",
            logo=b"GIF89a",
            logo_alt="x" * 121,
            masthead="\x07",
            wall_by_default=True,
        )
    assert set(refused.value.faults) == {"accent_dark", "logo", "logo_alt", "masthead"}
    with installation.sessions() as session:
        assert not read_branding(session).wall_by_default
    assert audited(installation) == []


def test_two_concurrent_first_edits_run_one_after_another(installation: Installation) -> None:
    with ThreadPoolExecutor(2) as pool:
        changed = list(pool.map(lambda one: edit(installation, masthead=one), ("One", "Two")))
    assert changed == [["masthead"], ["masthead"]]
    first, second = audited(installation)
    assert first.before == {"masthead": ""}
    assert second.before == first.after
