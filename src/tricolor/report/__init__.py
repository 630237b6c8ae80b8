"""Write results for people and programs: text, tables, JSON, SARIF and HTML."""
