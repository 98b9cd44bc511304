"""Benchmarks: `./dev bench [NAME…]`. Each figure is a ratio to a limit measured in the same run.

Absolute speeds depend on the machine; ratios can be compared. These are not tests, and no test measures time.
"""
