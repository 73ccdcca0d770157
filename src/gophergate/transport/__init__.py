"""The wire to providers. The only room that imports an HTTP client or opens a socket outwards."""
