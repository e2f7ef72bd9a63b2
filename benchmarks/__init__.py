"""How fast the package loads an export, beside what one would use instead.

`python -m benchmarks --mb 500`; README.md says what is measured, and how.
"""
