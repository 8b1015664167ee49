"""Pure mechanism: no Django, no clock, no database."""
