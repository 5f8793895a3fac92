"""Run a command and print its CPU seconds, wall seconds and peak memory (ru_maxrss) as JSON.

A process of its own because Linux counts what the parent held at the fork as the child's peak; so
the parent has to be small, and this file imports next to nothing.
"""

import json
import os
import sys
import time


def main() -> None:
    command = sys.argv[1:]
    begin = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - begin
    cpu = usage.ru_utime + usage.ru_stime
    figures = (os.waitstatus_to_exitcode(status), cpu, wall, usage.ru_maxrss)
    print(json.dumps(figures), file=sys.stderr)


if __name__ == "__main__":
    main()
