"""Evidence: what is kept, from whom, who held it, and how it is proven. It does not know what a case is."""
