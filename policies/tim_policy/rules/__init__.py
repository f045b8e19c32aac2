"""One rule, one file, one requirement; `tim_policy.registry` holds the order in which they are asked."""
