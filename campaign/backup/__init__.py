"""Back up all rows of the installation to one file, and restore them."""
