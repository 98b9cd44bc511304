"""Build and send every email."""
