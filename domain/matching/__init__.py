"""Who fits a job: candidates within reach and at work, ranked by a rule that can say its reasons."""
