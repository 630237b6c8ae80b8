"""Findings for people and programs: tables and JSON from what a run left behind."""
