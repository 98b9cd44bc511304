"""The web layer: parse, call a service, commit, render. One folder per audience."""
