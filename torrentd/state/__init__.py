"""What must survive: the SQLite database, the lock and the token of the state directory."""
