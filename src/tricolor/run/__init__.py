"""A compiled program in this process: ``link_program`` makes its image and symbol table, ``execute`` loads and runs it, ``observe``
reads its counters when it has ended.
"""
