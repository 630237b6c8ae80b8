module examples

go 1.27
