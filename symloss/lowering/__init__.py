"""Program → Schedule: which loops run, in which order, and what is kept where.

The passes, in order: `prepare` (drop what is not asked for, turn guards into branches, split logsumexp and norm into
sums that neither overflow nor cancel, unroll short axes), `stages` (which statements share a loop over samples, which
are matrix products) and `rows` (the loops inside one sample).
"""

from symloss.lowering.schedule import Kernel, MatrixProduct, Schedule
from symloss.lowering.stages import build_schedule

__all__ = ["Kernel", "MatrixProduct", "Schedule", "build_schedule"]
