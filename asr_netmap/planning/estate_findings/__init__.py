"""Findings about what stands around the items' networks: what would fail besides their settings.

One module for each family; all are pure, and look at the inventory as it is now, with the items
as the plan has them. ``verify`` and ``report`` use them, ``plan`` and ``apply`` don't.
"""
