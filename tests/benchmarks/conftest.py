"""These tests import `benchmarks`."""

import tests.beside  # noqa: F401
