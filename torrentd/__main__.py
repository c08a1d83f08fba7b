"""`python -m torrentd`: the same as `twistd --nodaemon torrentd`."""

import sys

from twisted.scripts.twistd import run

if __name__ == "__main__":
    sys.argv[:1] = ["twistd", "--nodaemon", "torrentd"]
    run()
