"""From the form to Stripe's page and back."""
