"""Files that commands take over."""

from pathlib import Path

import click

from campaign.core.errors import ListInvalid

LARGEST = 200_000_000


def read_file(file: Path) -> bytes:
    """The bytes of `file`, or of stdin for `-`; raises ListInvalid."""
    try:
        with click.open_file(str(file), "rb") as stream:
            raw: bytes = stream.read(LARGEST + 1)
    except OSError as error:
        raise ListInvalid(f"The list {file} cannot be read: {error.strerror}.") from error
    if len(raw) > LARGEST:
        raise ListInvalid(f"The list {file} is larger than {LARGEST:,} bytes; split it.")
    return raw
