"""What the original GopherGate, the Go program, has in its SQLite file, brought over into ours (O36).

    columns  which table and column is what, by every name they are known under
    source   the file, opened read-only and read row by row
    values   times, money, flags, keys and statuses as one file or another writes them
    plan     what would be made of it, what is left out, and why
    carry    the plan carried out, in one transaction

Reads the source only; knows the store. Never prints: the command line does.
"""
