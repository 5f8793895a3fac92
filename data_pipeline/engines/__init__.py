"""Where transform runs."""
