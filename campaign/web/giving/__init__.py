"""The donation form, the thank-you page and the receipt page; reminders; unsubscribing."""
