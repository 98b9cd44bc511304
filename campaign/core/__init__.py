"""Shared basics without a subject of their own: settings, clock, money, languages, errors, the database."""
