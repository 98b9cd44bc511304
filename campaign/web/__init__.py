"""The web: parse, call a service, commit, render. A folder per audience."""
