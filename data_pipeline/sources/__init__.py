"""Where raw records come from: files of text and Parquet."""
