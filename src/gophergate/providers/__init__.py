"""Providers as rows of data: which dialects one speaks, where, how it authenticates, its quirks.

An OpenAI-compatible provider is one row and nothing else. There is no test on a provider's name outside this room.
"""
