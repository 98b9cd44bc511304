"""The whole service in a real browser. A package, so that one running service serves all of it and no other test."""
