"""The command behind `make torture`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.postgres import server_url
from tests.torture.disks import fill_disk, limit_files
from tests.torture.forked import in_child
from tests.torture.kills import kill_once
from tests.torture.scenes import Scene, import_what_runs_import, make_scenes
from tests.torture.server import drop, make_server_scenes


def share(scenes: list[Scene], numbers: range, seed: int, place: Path) -> Counter[tuple[str, str]]:
    """One worker's kills, in turns over the scenes."""
    found: Counter[tuple[str, str]] = Counter()
    for number in numbers:
        scene = scenes[number % len(scenes)]
        found[scene.kind, kill_once(scene, place, f"{seed}-{scene.kind}-{number}")] += 1
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="(%(default)s)")
    parser.add_argument(
        "--server-kills", type=int, default=30, help="of these on PostgreSQL (%(default)s)"
    )
    parser.add_argument("--disks", type=int, default=50, help="sizes of disks (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        import_what_runs_import(Path(folder) / "imports")
        made = make_scenes(Path(folder))
        scenes = list(made.values())
        server = server_url() if asked.server_kills else None
        on_server = min(asked.server_kills, asked.kills) if server else 0
        share_of = (asked.seed, asked.workers, Path(folder))
        found = in_workers(scenes, asked.kills - on_server, *share_of)
        servers: list[Scene] = []
        if server:
            servers += make_server_scenes(made, server, Path(folder))
            found += in_workers(servers, on_server, *share_of)
            for number in range(asked.workers):
                in_child(drop, server, Path(folder) / f"place-{number}")
        elif asked.server_kills:
            assert os.environ.get("CI") != "true", "CI needs a PostgreSQL server"
            print("no PostgreSQL server here: all kills on DuckDB")
        ended = small_disks(scenes, asked.disks, Path(folder) / "disk")
    for scene in [*scenes, *servers]:
        states = {state: found[scene.kind, state] for state in ("old", "new", "done")}
        said = ", ".join(f"{count} {state}" for state, count in states.items())
        print(f"{scene.kind:27} {scene.seconds:.2f} s, {scene.steps} steps: {said}")
    for way, counts in ended.items():
        print(f"{way:27} {', '.join(f'{n} {end}' for end, n in sorted(counts.items()))}")
    seconds = time.monotonic() - begin
    print(f"{sum(found.values())} kills, {asked.disks} disks in {seconds:.0f} s: all good")
    return 0


def small_disks(scenes: list[Scene], sizes: int, place: Path) -> dict[str, Counter[str]]:
    """Run on disks of so many sizes, from almost nothing to more than enough, in two ways."""
    ended: dict[str, Counter[str]] = {"file limit": Counter(), "small disk": Counter()}
    for number in range(sizes):
        scene = scenes[number % len(scenes)]
        size = scene.room * (number + 1) // sizes
        if number % 2:
            ended["file limit"][limit_files(scene, place, size)] += 1
        else:
            end = fill_disk(scene, place.with_name("mounted"), 2 * size)
            ended["small disk"][end or "not mounted"] += 1
    return ended


def in_workers(
    scenes: list[Scene], kills: int, seed: int, workers: int, folder: Path
) -> Counter[tuple[str, str]]:
    """Share the kills among worker processes."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(workers) as pool:
        shares = [
            pool.submit(
                in_child, share, scenes, range(n, kills, workers), seed, folder / f"place-{n}"
            )
            for n in range(workers)
        ]
    return sum((one.result() for one in shares), Counter())


if __name__ == "__main__":
    sys.exit(main())
