"""The command line: one small module a command, read only when it is called. No rule of the gateway lives here."""
