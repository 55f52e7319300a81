"""The life of a booking: states, who may change them, what changing costs."""
