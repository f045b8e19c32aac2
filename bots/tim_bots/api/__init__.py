"""The bot without a chat: what the staff decides in the counter room, a practice's own program can decide by HTTP."""
