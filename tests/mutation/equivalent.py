"""Mutants that no test can tell from the original, each with its reason.

Recognized by the mutated line and the module, so that a shifted line changes nothing.
"""

EQUIVALENT: dict[tuple[str, str], str] = {
    # (module, mutated line without indentation): why nobody can notice
    **{
        (
            "campaign/core/money.py",
            f"@lru_cache(maxsize= {size})",
        ): "how many results are kept changes no result"
        for size in (255, 257, 4095, 4097)
    },
    (
        "campaign/core/money.py",
        "whole = int(gross.quantize(Decimal( 2), rounding=ROUND_HALF_UP))",
    ): "quantize reads only the exponent of its argument, which is that of 1",
}


def reason(diff: str) -> str:
    """Return why the mutant of this diff behaves like the original, or "" if it does not."""
    lines = diff.splitlines()
    module = next((line[6:] for line in lines if line.startswith("+++ b/")), "")
    added = [line[1:].strip() for line in lines if line.startswith("+") and line[:3] != "+++"]
    return next((EQUIVALENT[module, line] for line in added if (module, line) in EQUIVALENT), "")
