module goload

go 1.27
