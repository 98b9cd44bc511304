"""An uploaded file is over when it says so."""

import pytest
from sqlalchemy.exc import IntegrityError

from campaign.models import FileImport
from campaign.runtime.context import Installation


def test_a_file_that_is_done_has_an_end(installation: Installation) -> None:
    with (
        pytest.raises(IntegrityError, match="ck_file_import_finished"),
        installation.sessions.begin() as session,
    ):
        session.add(
            FileImport(kind="people", file_name="a.csv", size=1, requested_by="Fay", state="done")
        )
