"""Guards: what a text must not hold, found in requests and answers; blocked, masked or noted (R-X7). No I/O, no clock.
`room` is the way in; `detecting` says what a detector is, `window` how a text that comes in pieces is looked at. What
an endpoint of an operator's finds stands in `asked`, `inquiry` and `verdicts`; only its question waits, and who carries
it is passed in.
"""
