"""A stand-in for Genesys Cloud: a contact centre with a seed, and its HTTP interfaces."""
