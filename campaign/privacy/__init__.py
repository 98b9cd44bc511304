"""Export, redact and erase personal data."""
