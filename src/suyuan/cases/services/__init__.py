"""The only writers of a case."""
