"""Card testing: thieves who try stolen cards on a donation form, and what their attempts cost them.

https://docs.stripe.com/disputes/prevention/card-testing
"""
