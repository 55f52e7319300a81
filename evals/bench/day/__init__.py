"""A scripted day of conversations over every channel, with everything that goes wrong in one, and what held at its end."""
