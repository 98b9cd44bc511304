"""People as staff see them: lists, search, corrections, merges, notes."""
