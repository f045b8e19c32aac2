"""The directory (VZD) as the bot asks it: who is behind a Matrix user id."""
