"""The console script `campaign`, one file per noun. Exit codes: 0 done, 1 refused with one line on stderr, 2 usage."""

from campaign.cli.main import main

__all__ = ["main"]
