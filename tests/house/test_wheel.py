"""The built wheel carries the license, where PEP 639 puts it."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).resolve().parents[2]


def test_the_wheel_holds_the_license(tmp_path: Path) -> None:
    build = "from hatchling.build import build_wheel; import sys; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=ROOT, check=True)

    [path] = tmp_path.glob("*.whl")
    with ZipFile(path) as wheel:
        [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/licenses/LICENSE")]
        text = wheel.read(name).decode()
        metadata = wheel.read(name.replace("licenses/LICENSE", "METADATA")).decode()

    assert text == (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("MIT License\n\nCopyright (c) 2026 The Campaign maintainers\n")
    assert "Permission is hereby granted, free of charge, to any person obtaining a copy" in text
    assert "\nLicense-Expression: MIT\n" in metadata
    assert "\nLicense-File: LICENSE\n" in metadata
