"""Small faults in the core, one at a time: does a quick choice of tests see them?

operators.py    the faults, made in the syntax tree and in the SQL inside it
__main__.py     the run: `make mutate`
survivors.txt   the faults that no test sees, each with the reason why
"""
