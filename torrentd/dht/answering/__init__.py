"""What others ask us: answers, what is stored for them, and whom we do not listen to."""
