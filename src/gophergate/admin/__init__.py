"""The operators' API: users, clients, keys, providers, calls, usage. Imported only once the doors listen."""
