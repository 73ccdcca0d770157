"""What happens, told to whoever watches: a feed of facts, one hub, and the socket that viewers hold open."""
