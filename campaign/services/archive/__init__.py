"""The whole installation's rows in one file, and back again: `campaign backup` and `campaign restore` call it.

The file is a zip: for each table one COPY in text format, and at its end a manifest with counts and checksums.
"""
