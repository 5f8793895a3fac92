"""A local web page over any warehouse, and the JSON that it is made of.

    guard      who may ask: host, token, sizes, headers
    app        what can be asked: paths and parameters, as typed models (asking)
    answers/   one module a kind of question; every number comes from data_pipeline.metrics
    serving    answers by version of the data: from memory, at once, or after a click
    keeping    the warehouse, open for reading; the version before stays for those who look at it

Needs the extra `dashboard`.
"""
