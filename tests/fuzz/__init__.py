"""Whole files of random bytes: read as the oracle reads them, or refused by name.

judging.py           what has to hold for any bytes
by_examples.py       Hypothesis makes files and runs the whole pipeline on them
by_coverage.py       atheris turns bytes until they reach new code of the package
__main__.py          both, for as long as is asked (`make fuzz`)
found/               files that once broke something; each is tried in every run of the tests
"""
