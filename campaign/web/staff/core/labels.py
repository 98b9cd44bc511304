"""Codes and steps as people read them."""

_KNOWN = {"": "No code", "embed": "Embedded appeal", "print": "Printed appeal"}
_GROUPS = (("mail-", "Mail: "), ("embed-", "Embedded: "), ("article-", "Article: "))


def source_name(code: str) -> str:
    """Where a gift came from: `Mail: nine days` for `mail-nine-days`; what is not known to us as it stands."""
    if code in _KNOWN:
        return _KNOWN[code]
    for beginning, name in _GROUPS:
        if code.startswith(beginning):
            return name + code.removeprefix(beginning).replace("-", " ")
    return code


def step_name(key: str) -> str:
    """A step of the countdown: `Nine days`."""
    return key.replace("_", " ").capitalize()
