"""Mail workers killed in the middle of their letters.

python -m tests.mailstorm [--appeals 5000] [--receipts 500] [--kills 50] [--seed N]
"""
