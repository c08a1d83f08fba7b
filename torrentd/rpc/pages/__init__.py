"""What is read with GET: how the daemon is, for those who watch it from outside."""
