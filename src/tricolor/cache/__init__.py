"""What is kept from one command to the next. ``store`` holds entries by kind and key and knows nothing of what they mean;
``signature`` tells that this compiler and a program's files are unchanged; ``programs`` remembers what a command line compiled to, and
``inputs`` from which files."""
