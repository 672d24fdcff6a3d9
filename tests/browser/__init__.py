"""What a real browser makes of the report; needs Chromium and its driver on this machine."""
