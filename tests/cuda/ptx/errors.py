"""What can be wrong with a PTX program or with what it does; each error says where."""


class PtxError(Exception):
    """Base of everything that the interpreter reports."""


class PtxSyntaxError(PtxError):
    """The text is not PTX that the parser understands."""


class UnsupportedInstructionError(PtxError):
    """An instruction, modifier or operand that the interpreter does not model."""


class ArgumentError(PtxError):
    """The launch does not fit the entry: number, kind or size of the arguments, block size."""


class OutOfBoundsError(PtxError):
    """An access outside every buffer of its memory space, or a store to a read-only buffer."""


class AlignmentError(PtxError):
    """An access whose address is not a multiple of its size."""


class UninitialisedReadError(PtxError):
    """A read of memory or of a register that nothing has written."""


class SharedRaceError(PtxError):
    """Two threads of a block touch one place of shared memory, one of them writing, with no barrier between."""


class GlobalRaceError(PtxError):
    """The same over global memory that the launch was given as two arguments."""


class DivergenceError(PtxError):
    """Threads that must meet at a barrier, shuffle or vote do not."""


class StepLimitError(PtxError):
    """The program ran longer than it was allowed to."""


class TrapError(PtxError):
    """The program executed `trap`."""
