"""Write results for people and programs: text, tables, JSON, SARIF and HTML.

The modules ``escape_*`` and ``why_text`` write explanations of source, ``memory_*`` what a program allocated when it ran, and
``profile_report`` heap profiles that were joined with source. A report decides nothing; it gets all results as data.
"""
