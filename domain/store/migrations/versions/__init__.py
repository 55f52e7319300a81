"""The changes of the store, oldest first."""
