"""What the runtime asks of the operating system: memory, time, output, the end of the process, and small services.

All other packages of the runtime build on this one; it imports none of them.

* ``memory``: address space and pages.
* ``seed``: the mode in which all choices come from one number.
* ``clock``: time.
* ``output``: text on standard error, buffered, or into memory.
* ``futex``: sleeping on a word of memory.
* ``lock``: mutual exclusion between threads, and the check of the order of locks.
* ``stop``: ends the process when the runtime cannot go on.
* ``process``: what package runtime asks for (random bytes, processors, write).
"""
