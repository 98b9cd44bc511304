"""What the audit log may say of a person: the log is never changed, so it holds nothing that erasing must remove."""


def masked_email(email: str) -> str:
    """`a…@e….org`: enough to see which address was meant, while the donor's page has it. Domains bear names too."""
    local, _, domain = email.rpartition("@")
    if not local:
        return masked(email)
    name, _, last = domain.rpartition(".")
    return f"{local[:1]}…@{name[:1]}….{last}"


def masked(text: str) -> str:
    """`A…`; '' stays ''."""
    return f"{text.strip()[:1]}…" if text.strip() else ""
