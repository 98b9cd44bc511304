"""Every kind of email has templates, a context builder and a sample for staff."""

import pytest

from campaign.emails.contexts import CONTEXT_BUILDERS
from campaign.emails.samples import samples
from campaign.mailer.kinds import EmailKind
from campaign.mailer.render import templates_folder
from tests.support.sample_emails import BULK

PARTS = {"parts"}
"""Folders of shared parts, next to those of the kinds."""


@pytest.mark.parametrize("kind", EmailKind)
@pytest.mark.parametrize("part", ["subject.txt", "body.txt", "body.html"])
def test_each_kind_has_a_template(kind: EmailKind, part: str) -> None:
    assert (templates_folder() / "email" / kind / part).is_file()


def test_no_template_is_of_a_kind_that_does_not_exist() -> None:
    folders = {path.name for path in (templates_folder() / "email").iterdir() if path.is_dir()}
    assert folders - PARTS == set(EmailKind)


def test_each_kind_has_a_context_maker() -> None:
    assert set(CONTEXT_BUILDERS) == set(EmailKind)


def test_each_kind_has_a_sample() -> None:
    assert {sample.kind for sample in samples().values()} == set(EmailKind)


def test_campaign_emails_are_bulk_and_no_others() -> None:
    assert {kind for kind in EmailKind if kind.is_bulk} == BULK
