"""Time and technicians: hours, free slots, promises that never overlap, and the cascade of offers."""
