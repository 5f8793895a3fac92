"""Named metrics on the star, defined once and exact wherever they appear.

with open_reader("duckdb:///data/warehouse.duckdb") as reader:
    frame = query(reader, ["net_sales", "orders"], by=["month", "category"])
"""

from data_pipeline.metrics.composing import Statement, compose
from data_pipeline.metrics.dimensions import DIMENSIONS, Dimension, find_dimension
from data_pipeline.metrics.frame import Field, Frame, Kind, Row, Value
from data_pipeline.metrics.metric import Metric
from data_pipeline.metrics.query import query
from data_pipeline.metrics.question import Question, ask
from data_pipeline.metrics.reading import Reader, open_reader
from data_pipeline.metrics.registry import METRICS, find_metric

__all__ = [
    "DIMENSIONS",
    "METRICS",
    "Dimension",
    "Field",
    "Frame",
    "Kind",
    "Metric",
    "Question",
    "Reader",
    "Row",
    "Statement",
    "Value",
    "ask",
    "compose",
    "find_dimension",
    "find_metric",
    "open_reader",
    "query",
]
