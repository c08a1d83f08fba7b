"""Case I: hundreds of slow peers at once, half of them seeds and half of them leeches, in one process.

`wire` is their protocol, `pace` says who is due, `peers` are the peers, `process` runs them, `transfer` is the case.
"""
