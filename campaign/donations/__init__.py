"""Donations with their donor, consents and tribute card; and finding the donation of a payment."""
