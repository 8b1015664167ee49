"""What looks into strangers' files, each in a process of its own. No Django in here, and nothing it does outlives it."""
