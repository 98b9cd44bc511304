"""What every staff page stands on: access, layout, paging, charts, downloads."""
