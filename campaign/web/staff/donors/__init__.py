"""Staff pages to find, correct and refund donations, and to manage donors."""
