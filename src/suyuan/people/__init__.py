"""Everyone outside the staff: patients, those who speak for them, how to reach them, what was done to them."""
