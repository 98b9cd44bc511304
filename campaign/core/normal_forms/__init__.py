"""Normal forms of what identifies a sender, so that every spelling of one thing counts as one."""
