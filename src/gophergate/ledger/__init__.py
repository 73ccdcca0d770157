"""What was used, what it cost: usage to price to journal to database, exactly one entry per call."""
