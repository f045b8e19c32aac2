"""Hand-over to the practice's own software (PVS) through folders: requests out, decisions in."""
