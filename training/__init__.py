"""How the shipped models are made: `make models`. Runs in an environment of its own (training/requirements.txt)."""
