"""The sales as columns in memory, for screens that ask what no table of sums holds.

Nothing is defined anew: the SQL of each metric is read and computed over the columns, whole numbers
throughout (money in ten-thousandths). `filling.py` reads the columns from a warehouse; `sales.py`
is what is then asked.
"""
