"""The donor's own pages: `/me`, and the page of a monthly gift."""
