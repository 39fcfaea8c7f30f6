"""Check: is this program right, for this host or a saved one, and may it run? Findings of one form from every tier.

`check` and `check_static` are in `whole`, what they return in `report`, `policy` stands alone. Nothing is imported here: whoever
only asks the policy pays for nothing else.
"""
