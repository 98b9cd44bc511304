"""`./dev chaos`: a whole installation whose processes are killed and whose servers crash while people give."""
