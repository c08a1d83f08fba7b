"""The content files: all reading, writing, hashing, flushing and removing of them, and the only opener of them.

`disk` is what all torrents share, `storage` is one torrent. Their state is touched on the reactor's thread only; what
may wait for the disk is a *job*, a function that gets `files.Files` and plain values in a worker and returns a value.
`access` sends jobs out and takes their outcomes in. `writing` brings blocks to the disk, `verbs` is everything else.
"""
