"""All benchmarks; what they find goes to docs/measured/startup.json and docs/measured/throughput.json."""

import argparse

import building
import memory
import startup
import throughput
from measuring import machine, record


def main():
    """Run all, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-throughput", action="store_true", help="start-up, build and memory only")
    chosen = parser.parse_args()
    described = machine()
    record("startup", {"machine": described, "figures": startup.main() | memory.main() | building.main()})
    if not chosen.no_throughput:
        throughput.main(["--record"])


if __name__ == "__main__":
    main()
