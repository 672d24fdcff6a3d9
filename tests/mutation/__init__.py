"""Whether the tests notice when a rule is changed: mutation testing of what decides."""
