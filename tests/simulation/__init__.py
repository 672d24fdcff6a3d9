"""Proofs by simulation: the real program over the sandbox, with faults drawn from a seed."""
