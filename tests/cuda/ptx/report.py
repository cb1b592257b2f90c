"""What a run counts."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Report:
    """Counts of one launch, over all threads.

    Attributes:
        opcodes: Executions by full opcode, one per thread that executed it (guard true).
        loaded, stored: Bytes by memory space (global, shared, local), one access per thread.
        sectors_loaded, sectors_stored: 32-byte sectors of global memory that each warp's instruction touches.
        requests: Warp-level accesses to global memory.
        barriers: Barriers, one per block that passed one.
        atomics: Atomic operations, one per thread.
        unwritten: For each `Output` argument, by position, the number of bytes that nothing wrote.
        steps: Instructions dispatched by the interpreter (what `limit` limits, over all batches).
    """

    opcodes: Counter = field(default_factory=Counter)
    loaded: Counter = field(default_factory=Counter)
    stored: Counter = field(default_factory=Counter)
    sectors_loaded: int = 0
    sectors_stored: int = 0
    requests: int = 0
    barriers: int = 0
    atomics: int = 0
    unwritten: dict[int, int] = field(default_factory=dict)
    steps: int = 0

    @property
    def instructions(self) -> int:
        """Thread-instructions in all."""
        return sum(self.opcodes.values())

    def count(self, *parts: str) -> int:
        """Thread-instructions whose opcode has all the given parts: `count("ld", "global")`, `count("f64")`."""
        return sum(n for opcode, n in self.opcodes.items() if set(parts) <= set(opcode.split(".")))
