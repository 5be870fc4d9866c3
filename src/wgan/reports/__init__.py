"""What people look at: verdicts in words, charts, figures and the HTML page, all made from saved files and arrays.

It may use `config`, `game`, `data`, `runs` and `maths`, and no framework.
"""
