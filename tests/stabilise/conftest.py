"""The programs of this folder are imported by their bare name."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
