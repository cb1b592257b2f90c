"""Calling generated kernels on a GPU: compilation, the plan of a call, launches. Imported for device arrays only."""
