"""The donor page `/me`, and the page of a monthly gift."""
