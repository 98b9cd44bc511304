"""Benchmarks: `./dev bench [NAME…]`. Each figure stands beside the limit measured in the same run, as a ratio.

Absolute speeds belong to one machine at one moment; ratios travel. Nothing here is a test, and no test measures time.
"""
