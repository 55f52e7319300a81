"""A scripted day of conversations over every channel through the real service, with everything going wrong that goes wrong, and what held at its end."""
