"""Paperwork bots for encrypted Matrix rooms."""
