"""Tests that hold the sandbox and the gateway to the recorded wire and to the SDKs' models."""
