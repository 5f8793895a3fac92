"""Draws the charts of the warehouse: the same as `sales charts`, with the same flags."""

from data_pipeline.commands.metrics import charts

if __name__ == "__main__":
    charts()
