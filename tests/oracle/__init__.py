"""The independent oracle: the dictionary's written rules in plain Python, and nothing else.

It shares no SQL and no reading code with the product. It takes records as the simulator (or a
hand-worked case) states them, an as-of date and the configuration, and yields the published tables
as lists of dicts under the published column names, so that one lookup serves both. Read it as the
reference reading of `kpi_dictionary.md`; every module cites the clause it applies and, where the
text left a choice, says which was taken.
"""
