"""The web's edge: parse, call a service, commit, render."""
