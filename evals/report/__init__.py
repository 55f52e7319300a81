"""What a run tells: the JSON report others read, and from it the page, JUnit, the comparison with an earlier run."""
