"""How fast torrentd is: against libtorrent, against this machine's limits, and piece by piece. See README.md.

`python -m benchmarks` (by `make bench`) measures the installed package:

    cases      the transfers               clients    torrentd and libtorrent, each in a process of its own
    content    what is transferred         node       the libtorrent process
    meter      CPU and memory of it        processes  are ended, whatever happens
    machine    what the hardware can do    floor      what plain CPython loops can do
    results    medians and ratios          table      as text        plot    as a picture
    alone      one benchmark at a time, on quiet CPUs

`python -m benchmarks.micro` measures single operations of the source tree, and how their cost grows.
"""
