"""Pages for patients and those who speak for them: no account, one column, nothing lost."""
