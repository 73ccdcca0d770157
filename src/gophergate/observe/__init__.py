"""How the process and its machine are."""
