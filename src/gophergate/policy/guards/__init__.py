"""Guards: what a text must not hold, found in requests and answers; blocked, masked or noted (R-X7). Pure: no I/O, no
clock. `room` is the way in; `detecting` says what a detector is, `window` how a text that comes in pieces is looked at.
"""
