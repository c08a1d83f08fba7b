"""Simulated disks.

content     what a block holds, computed        platter     what is on a disk, and what is wrong with it
storage     one torrent's content               disk        a host's disk: the seam `disk.disk.Disk`
"""
