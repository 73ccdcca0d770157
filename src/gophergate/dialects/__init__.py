"""Wire languages. Each file owns both ends of one dialect: bytes in, values out; no I/O, no clock, no randomness.

Siblings never import each other; what they share is in base, sse, assembler, loss and splice.
"""
