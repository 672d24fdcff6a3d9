"""Tests on recordings of the real service; they need ASR_NETMAP_RECORDINGS."""
