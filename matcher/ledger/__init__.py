"""The ledger: what the matcher knows, in one folder, written in one transaction."""
