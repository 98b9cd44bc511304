"""The desk: finding donations and donors, what is known of each, notes, corrections, merges, and removing a person.

For the staff's pages and the commands. Whatever changes something takes an `audit.Actor` and writes the audit log.
"""
