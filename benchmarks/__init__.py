"""What the engine does, measured (`figures`), and what it survives (`faults`): docs/performance.md, docs/reliability.md.

Nothing here is imported by the product, and all load goes to 127.0.0.1.
"""
