"""Answers about routing that ask no provider: what can be asked for, where a request would go and why, and what past
calls would have done under another configuration. By the same chooser that calls pass."""
