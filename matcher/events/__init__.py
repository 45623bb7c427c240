"""Events: which mentions are of one happening."""
