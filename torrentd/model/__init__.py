"""The nouns everyone shares: ids, addresses, geometry, layout, bitfield, errors. Imports nothing of ours."""
