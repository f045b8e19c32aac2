"""Who a person is before health data flows, and what they consented to."""
