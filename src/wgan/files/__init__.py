"""One way to read and one way to write: every file that a person or a kill can damage goes through here.

A file appears whole or not at all, only regular files are opened, and sizes are compared with limits before memory is
taken. It may use `errors`, msgspec, psutil, click and rich.
"""
