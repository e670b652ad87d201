"""The experiments of the book: one module per claim, its result as JSON beside it, its figure drawn from the JSON."""
