"""What the engine does (`figures`, docs/performance.md) and what it survives (`faults`, docs/reliability.md).

Nothing here is imported by the product, and all load goes to 127.0.0.1.
"""
