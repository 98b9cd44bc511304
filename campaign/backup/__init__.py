"""The whole installation's rows in one file, and back again."""
