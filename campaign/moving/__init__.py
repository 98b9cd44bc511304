"""Moving in and out: people, consents, suppressions and gifts of other systems, and all of ours as open files."""
