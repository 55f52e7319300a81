"""What a job costs: an honest range with a breakdown that adds up, and bounds that nothing may break."""
