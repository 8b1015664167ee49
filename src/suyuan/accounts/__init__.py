"""Organisation, branches, staff, roles, and the one source of who may do what."""
