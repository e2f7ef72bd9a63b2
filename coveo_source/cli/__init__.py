"""The verbs, and what they print.

`plugin` imports these modules one by one when a verb runs, so this package has no face.

pipeline: the dlt pipeline that a command names
session: a pipeline with its settings and the client of the API
run: the verb `run`
models: the verb `models`
progress: what is shown while a verb runs
summary: the texts that a verb prints
"""
