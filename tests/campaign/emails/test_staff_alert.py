"""The letter to staff: what is wrong, a line each."""

from campaign.emails.donation_emails import alert_letter
from campaign.mailer.render import render_letter
from tests.support.sample_emails import SENDER


def test_an_alert_lists_its_problems_a_line_each() -> None:
    problems = ["One\nthing.", "<b>Another</b> thing."]
    letter = render_letter("staff_alert", alert_letter(problems, "en", SENDER))
    assert "\n- One thing.\n\n- <b>Another</b> thing.\n" in letter.text
    assert "<li>&lt;b&gt;Another&lt;/b&gt; thing.</li>" in letter.html
    assert letter.subject == "2 matters need attention: One thing."


def test_a_single_problem_is_one_matter_and_a_long_one_is_cut_in_the_subject() -> None:
    letter = render_letter("staff_alert", alert_letter(["word " * 60], "en", SENDER))
    assert letter.subject.startswith("1 matter needs attention: word")
    assert len(letter.subject) <= 100
