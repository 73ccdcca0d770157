"""The edge towards clients: reads a request once and bounded, writes one reply. Knows no model, no provider."""
