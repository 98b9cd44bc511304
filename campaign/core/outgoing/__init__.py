"""Requests to addresses that somebody typed: checked, connected to what was checked, and over in time."""
