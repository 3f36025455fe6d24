"""Commands for operators, tests and benchmarks."""
