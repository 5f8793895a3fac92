"""What the page asks, one module a kind of question: values in, plain data for JSON out.

Each function takes a reader of one state of the data, the facts of that state and the question.
"""
