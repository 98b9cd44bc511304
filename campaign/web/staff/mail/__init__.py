"""Who gets campaign emails, who does not, and what did not arrive."""
