"""The bundle for Azure Automation: how it is made, and that it runs alone."""
