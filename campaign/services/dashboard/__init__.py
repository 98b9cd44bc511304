"""What the dashboard shows. Everything is read in one snapshot of the database, so that it agrees with itself."""
