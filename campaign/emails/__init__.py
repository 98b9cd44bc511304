"""What each email says, built and sent."""
