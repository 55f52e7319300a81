"""What the agent can do: each tool parses, asks the domain, commits, and words the result as facts."""
