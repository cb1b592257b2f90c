"""Certificates that a term is at least 0 for every size, and what follows where it is 0.

A certificate is a tree of named steps; each step rests on smaller ones, the leaves on ranges. ``docs/proofs.md`` says
why each is sound. A rule is a function of the search, a term, what is known, and how deep steps may still nest.
"""

from symloss.proof.certificates.search import Certificates

__all__ = ["Certificates"]
