"""From flat problems to polynomial constraints over named quantities, and to solvers.

`Names` gives every root, exponential, logarithm, quotient and branch of a problem a name and says, guarded by what
it needs, what is true of it; `scripts` writes the constraints as SMT-LIB text and asks solvers.
"""
