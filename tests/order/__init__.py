"""Law 1: the warehouse is a function of the set of raw files, however they come."""
