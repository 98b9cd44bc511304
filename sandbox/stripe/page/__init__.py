"""The pages for people: hosted checkout, customer portal and the sandbox's index."""
