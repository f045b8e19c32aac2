"""Structured data: what software reads beside the text that people read (gemF_TI-M_Strukturierte_Daten, draft)."""
