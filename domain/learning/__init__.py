"""How a model may serve: features as of a time, training data that is checked, a registry with hashes, and the gate that a model must pass."""
