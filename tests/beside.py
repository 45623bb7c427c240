"""Makes `benchmarks` and `training` importable in the tests that ask for it: the repository's root is on no path."""

import importlib.util
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]

for _name in ("benchmarks", "training"):
    if _name in sys.modules:
        continue
    _spec = importlib.util.spec_from_file_location(
        _name, _ROOT / _name / "__init__.py", submodule_search_locations=[str(_ROOT / _name)]
    )
    assert _spec is not None
    assert _spec.loader is not None
    _module = importlib.util.module_from_spec(_spec)
    sys.modules[_name] = _module
    _spec.loader.exec_module(_module)
