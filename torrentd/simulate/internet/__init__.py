"""TCP and UDP between simulated hosts.

links       a host's rates, and how streams share them      stream      one direction of a TCP connection
wire        what both directions share                      transport   one end of it, as protocols see it
site        a host's address, ports and connections         internet    all hosts, connects, partitions
names       name resolution                                 datagrams   UDP sockets
lans        multicast                                       network     a host's view of it all: `net.network.Network`
"""
