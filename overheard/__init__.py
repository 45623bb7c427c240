"""Overheard: who said what about a company, on the right contact in the CRM, with the evidence."""

__version__ = "0.1.0"
