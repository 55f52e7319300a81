"""What leaves the house towards a person: replies, how a channel shows them, STOP words, quiet hours."""
