"""The organisation directory (VZD-FHIR directory): reading foreign entries, and who is behind a Matrix address."""
