"""Claims about a loss, settled by machine: every verdict carries evidence that a separate module re-checks.

`formulate` says what a claim means as goals, `settle` sends goals through the portfolio of engines, `store` keeps the
verdicts. ``docs/proofs.md`` explains the words.
"""
