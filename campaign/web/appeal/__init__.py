"""The public appeal, the same for every reader: page, progress, embeds, images, feed. No cookies."""
