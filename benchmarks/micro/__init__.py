"""What single operations cost, and whether the cost grows with the torrent, the swarm, or the number of torrents.

cost       how one is measured, and when it is said to grow
wire       framing, bencode                    swarms     a block, a request, a piece through `swarm.Torrent`
choices    picker, request top-up, choker      listing    rows for the RPC
"""
