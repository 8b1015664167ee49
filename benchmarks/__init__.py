"""What the product costs as it grows: `python3 do.py bench`, and the long proofs: `python3 do.py proof`."""
