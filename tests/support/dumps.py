"""What a database, a thief of it or a backup of it holds, as text."""

import re
import shutil
import subprocess

from tests.support.backups import contents

_BYTES = re.compile(r"\\+x((?:[0-9a-f]{2})+)")


def dump_of(url: str) -> str:
    """Return the text of `pg_dump`, or of every row where there is no pg_dump; bytes are shown as the text they are."""
    program = shutil.which("pg_dump")
    text = ""
    if program:
        done = subprocess.run(
            [program, "--data-only", url], capture_output=True, text=True, check=False
        )
        # A pg_dump that is older than the server refuses.
        text = done.stdout if done.returncode == 0 else ""
    if not text:
        text = "\n".join(row for rows in contents(url).values() for row in rows)
    return _BYTES.sub(lambda found: bytes.fromhex(found[1]).decode(errors="replace"), text)
