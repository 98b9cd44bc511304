"""The letters about monthly and yearly gifts: what they lead to, and that names stay names."""

from campaign.emails.donation_emails import renewing_letter
from campaign.emails.sample_facts import donation, subscription
from campaign.mailer.render import render_letter
from tests.support.sample_emails import SENDER, sample_letter

GIFT_PAGE = "https://give.example.org/subscriptions/sample-gift"


def test_a_failed_renewal_leads_to_stripes_page_and_to_ours() -> None:
    letter = sample_letter("renewal_failed")
    for part in (letter.text, letter.html):
        assert "https://invoice.stripe.com/i/sample" in part
        assert GIFT_PAGE in part


def test_without_stripes_page_another_card_is_given_on_ours() -> None:
    letter = sample_letter("renewal_failed_plain")
    for part in (letter.text, letter.html):
        assert "stripe.com" not in part
        assert GIFT_PAGE in part


def test_an_ended_gift_says_whether_it_was_given_up() -> None:
    assert "could not be charged" in sample_letter("subscription_given_up").text
    assert "could not be charged" not in sample_letter("subscription_ended").text


def test_a_coming_renewal_tells_amount_date_and_the_way_out() -> None:
    letter = sample_letter("renewal_upcoming")
    assert letter.subject == "Your yearly gift of $26.06 renews on December 22, 2027"
    assert f"Change or end this gift:\n{GIFT_PAGE}\n" in letter.text


def test_a_name_cannot_write_markup() -> None:
    first = donation("en", "monthly")
    first.name = "<b>A</b>\n\nB"
    context = renewing_letter(subscription("monthly"), first, SENDER)
    letter = render_letter("renewal_failed", context)
    assert "<b>A</b>" not in letter.html
    assert "Dear <b>A</b> B," in letter.text


def test_a_yearly_gift_is_called_yearly() -> None:
    for name in ("subscription_given_up", "renewal_failed_plain"):
        assert "monthly" not in sample_letter(name).text
