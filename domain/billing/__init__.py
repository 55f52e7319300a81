"""Money after the quote: what comes back to a client, what a technician earns."""
