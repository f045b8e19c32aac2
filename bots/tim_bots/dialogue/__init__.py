"""Dialogues: conversations as data, a pure engine that plays them, and the flow that puts them into rooms."""
