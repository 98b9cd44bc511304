"""Mask personal data for the audit log. The log never changes, so it must not contain data that erasure removes."""


def masked_email(email: str) -> str:
    """Mask as `a…@e….org`, enough to recognize a known address. The domain is masked too, as it may contain a name."""
    local, _, domain = email.rpartition("@")
    if not local:
        return masked(email)
    name, _, last = domain.rpartition(".")
    return f"{local[:1]}…@{name[:1]}….{last}"


def masked(text: str) -> str:
    """Mask as `A…`; '' stays ''."""
    return f"{text.strip()[:1]}…" if text.strip() else ""
