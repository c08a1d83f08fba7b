"""Random stories: a few daemons with random links, and things that happen to them in random order.

story       what a story is: values that are written down as they are shown
generate    Hypothesis's strategies for them; one seed gives one story
stage       the world of a story while it is told, and what is remembered of it
acts        what may happen, by name
invariants  what holds after each step
ending      faults are healed, and whoever can have what he wants gets it
tell        one story from the beginning to the end
__main__    `make sim SEEDS=500`: many of them; how to replay and shrink one

A seed that found a bug is shrunk, and what is left is kept in `test_found.py`: as a value, since a seed means another
story as soon as a strategy changes.
"""
