"""What is remembered for a short time about attempts to abuse the public forms. No row names a person or a network."""
