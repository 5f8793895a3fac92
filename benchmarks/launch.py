"""Run a command and print its CPU seconds, wall seconds and peak memory as JSON.

    python launch.py COMMAND...          the process alone (ru_maxrss)
    python launch.py --tree COMMAND...   with all that it starts, even what outlives it (Linux)

A process of its own because Linux counts what the parent held at the fork as the child's peak; so
the parent has to be small, and this file imports little.
"""

import json
import os
import sys
import time
from pathlib import Path

ADOPT_ORPHANS = 36
"""PR_SET_CHILD_SUBREAPER: what a child leaves behind becomes ours, so that its CPU is counted."""
POLL_SECONDS = 0.2


def main() -> None:
    command = sys.argv[1:]
    tree = command[0] == "--tree"
    figures = run_tree(command[1:]) if tree else run_process(command)
    print(json.dumps(figures), file=sys.stderr)


def run_process(command: list[str]) -> tuple[int, float, float, int]:
    begin = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - begin
    cpu = usage.ru_utime + usage.ru_stime
    return os.waitstatus_to_exitcode(status), cpu, wall, usage.ru_maxrss


def run_tree(command: list[str]) -> tuple[int, float, float, int]:
    import ctypes
    import resource
    import threading

    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(ADOPT_ORPHANS, 1, 0, 0, 0)
    ended, peaks = threading.Event(), [0]

    def poll() -> None:
        while not ended.wait(POLL_SECONDS):
            peaks.append(max(peaks.pop(), memory_below(os.getpid())))

    watcher = threading.Thread(target=poll)
    watcher.start()
    begin = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - begin
    wait_for_the_rest()
    ended.set()
    watcher.join()
    total = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = total.ru_utime + total.ru_stime
    return os.waitstatus_to_exitcode(status), cpu, wall, max(peaks[0], usage.ru_maxrss)


def wait_for_the_rest() -> None:
    try:
        while True:
            os.wait()
    except ChildProcessError:
        return


def memory_below(pid: int) -> int:
    """KiB held by all that `pid` has started; what two of them share counts once (PSS)."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found, held = list(children.get(pid, ())), 0
    for process in found:  # grows while it is gone through
        found.extend(children.get(process, ()))
        held += proportional_set_size(process)
    return held


def proportional_set_size(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0


if __name__ == "__main__":
    main()
