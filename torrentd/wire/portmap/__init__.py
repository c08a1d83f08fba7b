"""How a router is asked to send a port's connections here: PCP, and its predecessor NAT-PMP."""
