"""A landed migration never changes: databases in use have already run it."""

from hashlib import sha256
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from campaign import migrations

FOLDER = Path(migrations.__path__[0])
VERSIONS = FOLDER / "versions"
DIGESTS = Path(__file__).with_name("digests.txt")


def digest(path: Path) -> str:
    """Return a digest that does not depend on line endings."""
    return sha256(path.read_text(encoding="utf-8").encode()).hexdigest()


def landed() -> dict[str, str]:
    """Return the listed digests by file name."""
    lines = DIGESTS.read_text(encoding="utf-8").splitlines()
    pairs = [line.split() for line in lines if line and not line.startswith("#")]
    assert len({name for _, name in pairs}) == len(pairs), f"{DIGESTS.name} lists a file twice"
    return {name: listed for listed, name in pairs}


def test_a_migration_that_has_landed_never_changes() -> None:
    faults = []
    for name, listed in landed().items():
        path = VERSIONS / name
        if not path.is_file():
            faults.append(f"{name} is missing; put it back, under this name")
        elif digest(path) != listed:
            faults.append(f"{name} has changed; put it back and write a new migration instead")
    assert not faults, "\n".join(faults)


def test_every_migration_is_listed() -> None:
    listed = landed()
    wanted = [
        f"{digest(path)}  {path.name}"
        for path in sorted(VERSIONS.glob("*.py"))
        if path.name not in listed
    ]
    assert not wanted, f"once it has landed, add to {DIGESTS.name}:\n" + "\n".join(wanted)


def test_a_digest_is_the_same_with_other_line_endings(tmp_path: Path) -> None:
    one, other = tmp_path / "one.py", tmp_path / "other.py"
    one.write_bytes("# é\na = 1\n".encode())
    other.write_bytes("# é\r\na = 1\r\n".encode())
    assert digest(one) == digest(other) == sha256(one.read_bytes()).hexdigest()


def test_the_revisions_are_one_line_with_one_head() -> None:
    configuration = Config()
    configuration.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(configuration)
    assert len(scripts.get_bases()) == len(scripts.get_heads()) == 1
    chain = list(scripts.walk_revisions())[::-1]
    assert [one.down_revision for one in chain] == [None, *(one.revision for one in chain[:-1])]
    assert [Path(one.path).name for one in chain] == sorted(
        path.name for path in VERSIONS.glob("*.py")
    )
