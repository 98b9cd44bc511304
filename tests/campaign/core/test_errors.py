"""Errors: one sentence for people, in the reader's language if translated."""

from campaign.core import errors
from campaign.core.errors import CampaignError, DonorKnown, FieldsInvalid, MailRefused

SPANISH = {"At most %(most)s.": "Como máximo %(most)s.", "Nothing is left.": "No queda nada."}


def spanish(sentence: str) -> str:
    return SPANISH.get(sentence, sentence)


def test_a_message_is_translated_with_its_values() -> None:
    error = CampaignError("At most %(most)s.", most="$5")
    assert str(error) == "At most $5."
    assert error.translated(spanish) == "Como máximo $5."
    assert CampaignError("Nothing is left.").translated(spanish) == "No queda nada."


def test_a_message_without_values_may_contain_a_percent_sign() -> None:
    error = CampaignError("100% of it")
    assert str(error) == error.translated(spanish) == "100% of it"


def test_an_empty_message_is_not_looked_up_in_the_catalog() -> None:
    # The catalog's entry for nothing is its own header.
    assert CampaignError().translated(lambda sentence: f"Header of {sentence!r}") == ""


def test_faults_of_fields_read_as_one_text_in_their_order() -> None:
    error = FieldsInvalid({"goal": "Give a goal.", "slug": "Give a name."})
    assert str(error) == "Give a goal. Give a name."
    assert list(error.faults) == ["goal", "slug"]


def test_an_address_that_another_donor_has_names_both() -> None:
    error = DonorKnown("Known already.", 7)
    assert (str(error), error.field, error.donor_id) == ("Known already.", "email", 7)


def test_a_refusal_of_mail_is_not_about_the_recipient_unless_said() -> None:
    assert not MailRefused("no").recipient
    assert MailRefused("no", recipient=True).recipient


def test_retryable_errors_differ_from_final_ones() -> None:
    again = {errors.GatewayKeySpent, errors.GatewayThrottled, errors.GatewayBusy}
    assert all(issubclass(one, errors.GatewayUnavailable) for one in again)
    assert not issubclass(errors.GatewayMissing, errors.GatewayUnavailable)
    assert not issubclass(errors.GatewayBusy, errors.GatewayKeySpent)
    assert issubclass(errors.CampaignPaused, errors.CampaignNotOpen)


def test_an_error_names_the_field_to_correct() -> None:
    assert (errors.StepInvalid("no").field, errors.ExtensionRefused("no").field) == (
        "key",
        "deadline",
    )
    assert errors.StepInvalid("no", "subject").field == "subject"
    assert errors.ExtensionRefused("no", "reason").field == "reason"
    assert errors.DonorInvalid("no", "name").field == "name"


def test_faults_of_an_offline_gift_read_as_one_text_too() -> None:
    error = errors.OfflineGiftInvalid({"amount": "Enter an amount.", "": "Choose a campaign."})
    assert str(error) == "Enter an amount. Choose a campaign."
    assert error.faults == {"amount": "Enter an amount.", "": "Choose a campaign."}


def test_a_change_by_someone_else_shows_what_they_saved() -> None:
    error = errors.ChangedMeanwhile({"goal": "$60,000"})
    assert error.present == {"goal": "$60,000"}
    assert str(error).startswith("Someone else changed this while you were editing.")
