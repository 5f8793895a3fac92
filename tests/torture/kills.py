"""One kill, and what has to hold after it."""

from __future__ import annotations

import os
import random
import signal
import time
from typing import TYPE_CHECKING

from tests.torture.forked import in_child, kill_at_step, start
from tests.torture.scenes import Scene, processed_files

if TYPE_CHECKING:
    from pathlib import Path

LONGER = 1.1
"""Some kills come when the run is over."""


def kill_once(scene: Scene, place: Path, seed: str) -> str:
    """Kill the scene's run somewhere, check what is left, run again; say which state was found."""
    random_ = random.Random(seed)
    scene.set_up(place)
    if random_.random() < 0.5:
        child = start(scene.run, place)
        time.sleep(random_.uniform(0, scene.seconds * LONGER))
        _kill(child)
    else:
        child = start(run_until_step, scene, place, random_.randint(1, scene.steps))
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status)
    assert killed or os.WEXITSTATUS(status) == 0, f"{seed}: the run failed instead"

    found = in_child(scene.digest, place)
    assert found in (scene.old, scene.new), f"{seed}: neither the old state nor the new one"
    for name, content in processed_files(place).items():
        assert name.startswith(".") or content in (
            scene.processed[name],
            processed_files(scene.before).get(name),
        ), f"{seed}: half a file {name}"

    in_child(scene.run, place)
    assert in_child(scene.digest, place) == scene.new, f"{seed}: the next run made something else"
    assert processed_files(place) == scene.processed, f"{seed}: other files in processed"
    left = {path.name for path in place.iterdir()} - {"warehouse.duckdb", "processed"}
    assert not left, f"{seed}: left behind: {left}"
    return ("new" if found == scene.new else "old") if killed else "done"


def _kill(child: int) -> None:
    """Kill the child and all that it has started; it may be done, or not yet lead its group."""
    for kill in (os.killpg, os.kill):
        try:
            kill(child, signal.SIGKILL)
        except ProcessLookupError:
            continue
        return


def run_until_step(scene: Scene, place: Path, step: int) -> None:
    kill_at_step(step)
    scene.run(place)
