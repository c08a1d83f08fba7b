"""Whole swarms in one process: the daemon, unmodified, in a world of simulated time, network, disk and state.

Only what `session.host.Host` names is replaced; everything else is the code that `makeService` runs. One seed gives one
trace, whatever the machine does meanwhile.

    clock, reactor, workers     time: one heap of calls for the whole world; each host has a reactor of its own
    links, stream, transport    TCP: rates, latency, loss, back-pressure
    internet, network           hosts, addresses, partitions, names, datagrams; a host's view of it is its `Network`
    disk, storage, platter      files whose content follows from the piece's hash; slow, full or corrupt
    state                       the database, in memory; survives a crash of its host
    trackers, hostile           trackers over HTTP and UDP; scripted peers that misbehave
    node, swarm, trace, audit   daemons in a world, what happened, and what may be left when all is over
    limits, report, __main__    the tool: `python -m torrentd.simulate`
"""
