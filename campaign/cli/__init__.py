"""The console script `campaign`: a file per noun. Exit 0 done, 1 refused with one line, 2 wrong usage."""

from campaign.cli.main import main

__all__ = ["main"]
