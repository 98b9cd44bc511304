"""The tables of plain words."""

import time

import pytest

from campaign.mailer.reports.dialects import (
    DELAYED,
    FAILED,
    GIVEN_UP,
    QUOTED,
    SENDERS,
    SUBJECTS,
    without_boilerplate,
)


@pytest.mark.parametrize(
    "line",
    [
        "------ This is a copy of the message, including all the headers. ------",
        "--- Below this line is a copy of the message.",
        "--- The header of the original message is following. ---",
        "----- Original message -----",
        "    Below is a copy of the original message:",
        "Message headers follow.",
        "Received: from mx.example.org",
        "> Return-Path: <us@news.test>",
    ],
)
def test_the_line_at_which_our_email_is_quoted_is_known(line: str) -> None:
    assert QUOTED.search(f"Hello\n\n{line}\n")


def test_what_every_report_of_a_server_says_is_left_out() -> None:
    text = "This is a permanent error; I've given up. Sorry it didn't work out.\nPlease check the spam policy.\nGone."
    assert without_boilerplate(text).replace(".", " ").split() == ["Gone"]


@pytest.mark.parametrize("pattern", [DELAYED, FAILED, GIVEN_UP, QUOTED, SENDERS, SUBJECTS])
@pytest.mark.parametrize(
    "repeated", ["-", "not ", "deliver ", "message ", "mail ", "\n", "temporarily failed "]
)
def test_long_texts_are_searched_in_a_moment(pattern: object, repeated: str) -> None:
    began = time.process_time()
    for each in (pattern, FAILED):
        each.search(repeated * (64_000 // len(repeated)))  # type: ignore[attr-defined]
    assert time.process_time() - began < 1
