"""Settings of list services: all of a service or none, and its API's address."""

import pytest

from campaign.core.env_reader import Variables
from campaign.core.list_settings import ListService, ListSettings, read_lists

MAILCHIMP = {"MAILCHIMP_API_KEY": f"{'a1' * 16}-us21", "MAILCHIMP_AUDIENCE": "0a1b2c3d4e"}
BREVO = {"BREVO_API_KEY": "xkeysib-hidden", "BREVO_LIST": "3"}
LISTMONK = {
    "LISTMONK_URL": "https://lists.example.org/",
    "LISTMONK_USER": "campaign",
    "LISTMONK_TOKEN": "hidden",
    "LISTMONK_LIST": "1",
}


def loaded(environ: dict[str, str]) -> ListSettings:
    reader = Variables(environ)
    found = read_lists(reader)
    assert reader.faults == []
    return found


def faults(environ: dict[str, str]) -> set[str]:
    reader = Variables(environ)
    read_lists(reader)
    return {fault.partition(":")[0] for fault in reader.faults}


def test_nothing_is_synced_by_default() -> None:
    assert loaded({}) == ListSettings(None, None, None)


def test_the_key_of_mailchimp_names_its_data_center() -> None:
    found = loaded(MAILCHIMP).mailchimp
    assert found is not None
    assert found.url == "https://us21.api.mailchimp.com/3.0"
    assert (found.key, found.list_id) == (MAILCHIMP["MAILCHIMP_API_KEY"], "0a1b2c3d4e")


def test_brevo_and_listmonk_are_read() -> None:
    found = loaded(BREVO | LISTMONK)
    assert found.brevo == ListService("https://api.brevo.com/v3", "xkeysib-hidden", "3")
    assert found.listmonk == ListService("https://lists.example.org", "hidden", "1", "campaign")
    assert "hidden" not in repr(found)


def test_a_stand_in_has_another_address() -> None:
    found = loaded(
        MAILCHIMP
        | BREVO
        | {"MAILCHIMP_API_BASE": "http://127.0.0.1:1/3.0/", "BREVO_API_BASE": "http://127.0.0.1:2"}
    )
    assert found.mailchimp is not None
    assert found.brevo is not None
    assert (found.mailchimp.url, found.brevo.url) == (
        "http://127.0.0.1:1/3.0",
        "http://127.0.0.1:2",
    )


@pytest.mark.parametrize("complete", [MAILCHIMP, BREVO, LISTMONK])
def test_part_of_a_service_is_a_fault(complete: dict[str, str]) -> None:
    for name in complete:
        rest = {other: value for other, value in complete.items() if other != name}
        assert faults(rest) == {name}


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        (MAILCHIMP | {"MAILCHIMP_API_KEY": "a" * 32}, "MAILCHIMP_API_KEY"),
        (MAILCHIMP | {"MAILCHIMP_AUDIENCE": "my list"}, "MAILCHIMP_AUDIENCE"),
        (BREVO | {"BREVO_LIST": "three"}, "BREVO_LIST"),
        (LISTMONK | {"LISTMONK_LIST": "0"}, "LISTMONK_LIST"),
        (LISTMONK | {"LISTMONK_URL": "lists.example.org"}, "LISTMONK_URL"),
        (BREVO | {"BREVO_API_BASE": "brevo"}, "BREVO_API_BASE"),
    ],
)
def test_a_wrong_value_is_a_fault_with_its_name(environ: dict[str, str], name: str) -> None:
    assert faults(environ) == {name}
