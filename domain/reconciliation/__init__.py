"""What others say they hold for us against what our books say, matched to the unit.

Every line of a statement and every entry on the account it is about ends either in one match or in
one break; nothing is left over, and the breaks add up to the difference between the two.
"""
