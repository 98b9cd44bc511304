"""What the other server answered, and to which command."""

import pytest

from campaign.mailer.reports.replies import Reply, command_in, replies_in


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("host mx said: 550 5.1.1 no such user", ["550 5.1.1 no such user"]),
        ("<<< 550-5.1.1 first\n<<< 550 5.1.1 second", ["550-5.1.1 first <<< 550 5.1.1 second"]),
        ("said: 550\n    <ana@example.org>: User unknown", ["550 <ana@example.org>: User unknown"]),
        ("550: no such user", ["550: no such user"]),
        ("(reason: 452 4.2.2 full)\n\n550 gone away", ["452 4.2.2 full)", "550 gone away"]),
        ("Sorry, no mailbox here by that name. (#5.1.1)", ["Sorry, no mailbox here by that name. (#5.1.1)"]),
        ("a: first 5.2.2\nb: second 5.1.1", ["a: first 5.2.2", "b: second 5.1.1"]),
        ("<<< 503 5.5.0 Need RCPT (recipient)", []),
        ("554 5.0.0 Service unavailable", []),
        ("Room 550, from 10.5.1.1 at 5:50", []),
        ("", []),
    ],
)  # fmt: skip
def test_replies_are_found_in_prose(text: str, words: list[str]) -> None:
    assert [each.words for each in replies_in(text)] == words


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("(in reply to RCPT TO command)", "RCPT"),
        ("(in reply to end of DATA command)", "DATA"),
        ("(in reply to MAIL FROM command)", "MAIL"),
        ("SMTP error from remote mail server after RCPT TO:<ana@example.org>:", "RCPT"),
        ("SMTP error from remote mail server after pipelined MAIL FROM:<us@news.test>:", "MAIL"),
        (">>> RCPT To:<ana@example.org>\n>>> DATA", "DATA"),
        ("192.0.2.1 does not like recipient.", "RCPT"),
        ("192.0.2.1 failed after I sent the message.", "DATA"),
        ("Connected to 192.0.2.1 but sender was rejected.", "MAIL"),
        ("unknown (state 14)", "RCPT"),
        ("the data of the report", ""),
    ],
)
def test_the_last_command_that_was_refused_is_told(text: str, command: str) -> None:
    assert command_in(text) == command


def test_a_reply_belongs_to_the_command_named_with_it_or_just_before() -> None:
    text = ">>> RCPT To:<ana@example.org>\n<<< 550 gone away\n>>> DATA\n<<< 554 no thanks"
    assert [each.command for each in replies_in(text)] == ["RCPT", "DATA"]
    after = "said: 550 gone (in reply to RCPT TO command)"
    assert replies_in(after) == [Reply("550 gone (in reply to RCPT TO command)", "RCPT")]


def test_no_more_than_forty_replies_are_read() -> None:
    assert len(replies_in("\n".join(["550 gone away"] * 99))) <= 40
    assert len(replies_in("\n\n".join(["gone 5.1.1"] * 99))) <= 40
