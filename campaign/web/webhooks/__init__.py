"""Where Stripe and mail providers post."""
