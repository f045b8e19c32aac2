"""Client of the organisation directory (VZD-FHIR directory): searches, own entries, domains of a provider.

Async and typed, for bots, command line and sandbox alike. What is behind an address is decided in
`tim_policy.directory`; here is how the directory is asked.
"""
