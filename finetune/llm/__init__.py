"""Fine-tunes a language model on lessons: conversations with tool calls, exported from the store or played from scenarios."""
