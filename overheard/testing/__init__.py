"""The contract kit for whoever writes a source: every rule of the interface, checked on recordings of what it reads."""

from overheard.testing.contract import RULES, Breach, SourceContract, check
from overheard.testing.recording import Recording, recordings_in

__all__ = ["RULES", "Breach", "Recording", "SourceContract", "check", "recordings_in"]
