"""From a public base encoder and labelled text to the files in `models/`.

Needs the `train` extra; never used at run time.
"""
