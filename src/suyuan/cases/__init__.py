"""The trunk: a complaint's life, its clocks, tasks, contacts and investigation."""
