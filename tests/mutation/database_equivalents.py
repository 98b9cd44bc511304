"""Planted faults that change nothing anyone can see, each with its reason."""

EQUIVALENT: dict[str, str] = {}
