"""Prescription requests of care services, talked about in the chat and decided at the counter."""
