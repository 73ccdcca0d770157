"""Which deployment answers, and how: the catalogue, the choice, the one loop of attempts, the two paths."""
