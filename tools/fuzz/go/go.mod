module fuzz

go 1.24
