"""Jobs as Azure Automation runs them."""
