"""Messaging providers on this machine, over real HTTP, as strict as the real ones: for tests and for `bricol bench day`."""
