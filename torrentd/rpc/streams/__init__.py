"""Events for callers that stay connected. No transport is known here."""
