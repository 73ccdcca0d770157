"""May this call be made: who asks, what they may use, what they can afford. Every billable route passes here."""
