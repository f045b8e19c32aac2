"""Keeping the bot's identity: recovery key, secret storage, backup of room keys, and the operator's commands."""
