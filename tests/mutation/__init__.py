"""Mutation testing: faults planted on purpose, and which tests notice."""
