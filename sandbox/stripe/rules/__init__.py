"""Everything that happens to objects. Call these functions inside a transaction."""
