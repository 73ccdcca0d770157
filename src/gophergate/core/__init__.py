"""The nouns: frozen msgspec structs, no I/O, no clock. Everything else speaks in these."""
