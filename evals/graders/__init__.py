"""Judges of a played conversation: the end state first, the words second."""
