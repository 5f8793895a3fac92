"""The command behind `make fuzz`: a third of the time for Hypothesis, the rest for atheris."""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.by_examples import run
from tests.fuzz.seeds import FOUND, file_of, write_dictionary, write_seeds

ROOT = Path(__file__).resolve().parents[2]


def guided(seconds: int, seed: int) -> int:
    """Let atheris run in a process of its own; give back its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        corpus, words = Path(folder) / "corpus", Path(folder) / "words"
        corpus.mkdir()
        write_seeds(corpus)
        write_dictionary(words)
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tests.fuzz.by_coverage", str(corpus)),
                *(f"-max_total_time={seconds}", f"-seed={seed}", f"-dict={words}"),
                *("-max_len=1500", "-rss_limit_mb=3000", "-timeout=60", "-print_final_stats=1"),
                f"-artifact_prefix={folder}/",
            ],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": "0"},  # the same seed gives the same inputs
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            for broke in Path(folder).glob("*-*"):  # crash-…, timeout-…, oom-…
                table, data, _ = file_of(broke.read_bytes())
                (FOUND / f"{table}-{broke.name}.csv").write_bytes(data)
    if done.returncode:
        print(done.stdout[-3000:], done.stderr[-6000:], sep="\n")
        print(f"what broke it lies in {FOUND}; keep it there: the tests try it in every run")
        return done.returncode
    said = re.search(r"stat::number_of_executed_units:\s*(\d+)", done.stderr)
    reached = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)", done.stderr)[-1]
    print(
        f"{int(said[1]) if said else 0:,} inputs by coverage, {reached[2]} kept, "
        f"{reached[0]} branches"
    )
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="(%(default)s)")
    asked = parser.parse_args()
    begin = time.monotonic()
    with_atheris = importlib.util.find_spec("atheris") is not None
    part = asked.seconds // 3 if with_atheris else asked.seconds
    print(f"{run(part, asked.seed):,} files by examples")
    if with_atheris:
        code = guided(max(asked.seconds - part, 1), asked.seed)
        if code:
            return code
    else:
        print("no atheris here (it needs Linux and Python before 3.13): by examples alone")
    print(f"nothing found in {time.monotonic() - begin:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
