"""From the form to the thank-you page and the receipt; reminders; unsubscribing."""
