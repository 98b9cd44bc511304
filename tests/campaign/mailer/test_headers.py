"""Headers of campaign emails, as mail providers read them."""

import pytest

from campaign.core.settings import FromAddress
from campaign.mailer.headers import QUIET, bulk_headers, feedback_id, list_id

SENDER = FromAddress("The Harbor Ledger", "news@harbor-ledger.example")
PAGE = "https://give.harbor-ledger.example/unsubscribe/abc"


def test_a_campaign_email_can_be_left_with_one_click_and_names_its_list_and_sender() -> None:
    headers = bulk_headers(SENDER, "The Harbor Ledger", PAGE, ("c1", "s2", "appeal"))
    assert headers == {
        "List-Unsubscribe": f"<{PAGE}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": "The Harbor Ledger <appeals.harbor-ledger.example>",
        "Feedback-ID": "c1:s2:appeal:harborledger",
        "Precedence": "bulk",
        "X-Auto-Response-Suppress": "OOF, AutoReply",
    }


def test_no_out_of_office_reply_is_wanted_for_any_email() -> None:
    assert QUIET == {"X-Auto-Response-Suppress": "OOF, AutoReply"}


@pytest.mark.parametrize(
    ("domain", "last"),
    [
        # Five to fifteen characters: https://support.google.com/mail/answer/6254652
        ("ab.org", "ab000"),
        ("abcde.org", "abcde"),
        ("a-b.example.org", "abexample"),
        ("abcdefghijklmno.org", "abcdefghijklmno"),
        ("abcdefghijklmnop.org", "abcdefghijklmno"),
        ("localhost", "localhost"),
        ("News9.Example.ORG", "news9example"),
    ],
)
def test_the_last_field_of_a_feedback_id_is_the_senders_and_of_the_length_allowed(
    domain: str, last: str
) -> None:
    sender = FromAddress("", f"news@{domain}")
    assert feedback_id(sender, ("c1",)) == f"c1:{last}"


def test_words_of_a_feedback_id_hold_no_separator_and_are_never_empty() -> None:
    assert feedback_id(SENDER, ("a:b c", "", "A.z_9-")) == "a-b-c:-:A.z_9-:harborledger"


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("", ""),
        ("Ledger, The", '"Ledger, The" '),
        ("Zoë", "=?utf-8?q?Zo=C3=AB?= "),
    ],
)
def test_a_list_is_named_on_one_line(name: str, named: str) -> None:
    assert list_id(SENDER, name) == f"{named}<appeals.harbor-ledger.example>"
    long = list_id(SENDER, "Zoë " * 60)
    assert long.endswith(" <appeals.harbor-ledger.example>")
    assert "\r" not in long
    assert "\n" not in long
