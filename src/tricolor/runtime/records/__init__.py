"""The records of the scheduler: goroutines (G), threads (Machine), processors (Processor), and the process (Scheduler).

They stand below collector and scheduler, which both use them, and above the allocator, whose mcache is part of a processor.
"""
