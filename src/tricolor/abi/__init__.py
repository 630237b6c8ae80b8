"""What compiled Go and the runtime agree on: layouts, type descriptors, names and signatures of entry points."""
