"""From what is and what is wanted to a plan: changes, their order, their safety, their JSON form.

Everything here is pure: no I/O, no clock, no SDK types.
"""
