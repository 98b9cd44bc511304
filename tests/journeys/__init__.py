"""The whole service in a real browser. This is a package so that all of its tests share one running service."""
