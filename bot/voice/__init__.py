"""Voice notes: fetched, listened to and let go within a turn; what was said goes on as text that is marked as heard."""
