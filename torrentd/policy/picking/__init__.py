"""What to request: `availability` and `picker` choose pieces, `requests` and `endgame` blocks, `pipeline` how many."""
