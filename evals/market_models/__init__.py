"""Measures the market's models where the truth is known: several worlds, several seeds, beside simple rules and the oracle."""
