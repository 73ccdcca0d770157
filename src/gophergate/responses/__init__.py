"""Stateful Responses: what a response leaves behind, and the operations that come back to it.

Where the provider keeps a response, only the way back to it is remembered and calls go there (R-S4); else it is served
from a store of ours, or refused by name. Nothing here knows a provider by name, a socket or a database.
"""
