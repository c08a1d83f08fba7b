"""What we ask others: queries under way, and lookups."""
