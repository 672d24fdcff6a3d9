"""The picture of a vault: what its report shows, as values; nothing here draws.

Inventory, Verification, a plan ──► Picture: a map of both regions, and every IP config's future
"""
