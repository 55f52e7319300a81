"""Red team: attacks as scenarios, brains that want harm, and the one function that counts broken promises."""
