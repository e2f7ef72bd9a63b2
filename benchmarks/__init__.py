"""How fast the package loads an export, compared with the alternatives.

`python -m benchmarks --mb 500`; README.md says what is measured and how.
"""
