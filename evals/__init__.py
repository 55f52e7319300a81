"""Plays regression conversations against the real service code and judges what is left in the database."""
