"""What staff change in a campaign: its texts and sums, sponsors, its window, and the report at its end."""
