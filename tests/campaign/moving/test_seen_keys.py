"""Keys are remembered with their first line, ignoring case, without growing memory."""

from campaign.moving.seen_keys import SeenKeys


def test_a_key_has_its_first_line() -> None:
    with SeenKeys() as seen:
        assert [
            seen.first_line(key, line) for line, key in enumerate(["a@x", "b@x", "A@X"], start=2)
        ] == [2, 3, 2]


def test_the_next_file_begins_anew() -> None:
    for line in (2, 7):
        with SeenKeys() as seen:
            assert seen.first_line("a@x", line) == line
