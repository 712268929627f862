"""Secrets of a case: who can read it, and what lets an anonymous reporter come back."""
