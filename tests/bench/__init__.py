"""Measurements: the program beside the limit and beside what people would write themselves."""
