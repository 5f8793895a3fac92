"""`python -m data_pipeline` is the command `sales`."""

from data_pipeline.cli import main

if __name__ == "__main__":
    main()
