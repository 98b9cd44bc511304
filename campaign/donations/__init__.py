"""One intention to give: donation, donor, consents, tribute card; and which donation a payment belongs to."""
