"""The appeal, the same for every reader: page, figure, embeds, images, feed. No cookies."""
