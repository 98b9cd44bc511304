"""The basis of every staff page: access, layout, paging, charts and downloads."""
