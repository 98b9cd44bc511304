"""Kill mail workers while they send emails.

python -m tests.mailstorm [--appeals 5000] [--receipts 500] [--kills 50] [--seed N]
"""
