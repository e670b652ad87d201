"""The experiments behind the claims of the book, one module each."""
