"""Trains the market's models from what a marketplace sees, never from the truth behind a simulated one."""
