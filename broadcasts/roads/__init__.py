"""The other roads from the one approved text: e-mail to a list, and what somebody puts up by hand."""
