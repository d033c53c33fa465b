"""Double entry: what an account is, what may be posted, and the postings of each business fact.

Credits are positive, debits negative, and every transaction sums to zero per asset.
"""
