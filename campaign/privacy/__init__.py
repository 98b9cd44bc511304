"""Personal data: what is held about someone, and erasing it."""
