"""Whether an implementation of a loss is right: its value, gradient and Hessian against exact results, in ulps.

The implementation runs in a process of its own (`worker`), which imports NumPy and what the implementation needs.
"""
