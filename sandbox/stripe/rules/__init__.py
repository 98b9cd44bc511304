"""What happens to objects: every verb of the sandbox. Each expects to be called inside a transaction."""
