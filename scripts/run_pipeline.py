"""Run the pipeline: the same as `sales run`."""

import sys

from data_pipeline.cli import main

if __name__ == "__main__":
    main(["run", *sys.argv[1:]])
