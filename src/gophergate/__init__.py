"""GopherGate: an LLM gateway. One address, one key, every dialect, every provider."""

__version__ = "0.1.0"
