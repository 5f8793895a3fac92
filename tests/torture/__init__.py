"""Runs that are killed, and what they leave.

    python -m tests.torture [--kills 200] [--server-kills 30] [--seed 1]  (make torture)

A kill takes the whole process group with SIGKILL: by the clock (anywhere, also inside DuckDB) or at
the n-th step of Python code (also between two renames). After each kill the warehouse must open and
be wholly the old or wholly the new state, and the next run must end as if nothing had happened: the
same rows in every table, the same files in data/processed, nothing left beside them.

What a kill cannot show is the loss of power: what a process has written is in the hands of the
system when the process dies, and reaches the disk all the same. For that the run relies on fsync of
the new file before it is renamed and of its directory afterwards.
"""
