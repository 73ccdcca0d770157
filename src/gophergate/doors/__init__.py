"""What answers at the public paths, on top of `exchange`: the chat doors and counting, model lists, a key's own usage,
health. The paths themselves stand in `front.routes`; the Responses API has a room of its own."""
